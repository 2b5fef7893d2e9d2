// One program, several roles: the server, the commands that talk to it, and the software authenticator.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "keys/keyd.h"
#include "server/authenticator.h"
#include "server/cli.h"
#include "server/cli_backup.h"
#include "server/cli_exports.h"
#include "server/cli_keys.h"
#include "server/cli_verify.h"
#include "server/config.h"
#include "server/reader.h"
#include "server/system.h"
#include "server/wiring.h"
#include "server/witness_server.h"
#include "store/open.h"

namespace countersign::server {
namespace {

using std::chrono::steady_clock;

struct ServeWords {
  std::vector<std::string> listen;
  std::string database, config;
  bool demo = false;
};

Result<void> apply(Config& config, const Globals& globals, const ServeWords& words, bool data_given) {
  if (!words.config.empty()) TRY(read_config_file(config, words.config));
  if (data_given || words.config.empty()) TRY(config.data.set(globals.data));
  if (!words.listen.empty()) TRY(config.listen.set(words.listen));
  if (!words.database.empty()) TRY(config.database.set(words.database));
  return {};
}

void add_serve(CLI::App& app, const Globals& globals, const CLI::Option* data, std::function<int()>& chosen,
               steady_clock::time_point started) {
  CLI::App* serve_app = app.add_subcommand("serve", "Run the server; it prints one line of JSON when it is ready");
  serve_app->fallthrough();
  auto words = std::make_shared<ServeWords>();  // shared: CLI11's options and the callback refer to it
  serve_app->add_option("--listen", words->listen, "HOST:PORT to serve HTTPS on; more than once is fine")
      ->take_all()
      ->expected(1);
  serve_app->add_option("--database", words->database, "sqlite, or postgresql://…");
  serve_app->add_option("--config", words->config, "A configuration file (docs/reference/config.md)");
  serve_app->add_flag("--demo", words->demo, "Make a demo tenant and print what to paste for a first sign-in");
  serve_app->callback([&globals, &chosen, data, words, started] {
    chosen = [&globals, data, words, started] {
      Config config;
      const Result<void> fine = apply(config, globals, *words, data->count() > 0);
      if (!fine) {
        complain(fine.error());
        return words->config.empty() ? kUsage : kRefused;
      }
      const Result<void> served = serve(config, words->demo ? Demo::yes : Demo::no, started);
      return served ? kDone : complain(served.error());
    };
  });
}

void add_check_config(CLI::App& app, std::function<int()>& chosen) {
  CLI::App* check = app.add_subcommand("check-config", "Say whether a configuration file is fine, and what is not");
  auto file = std::make_shared<std::string>();  // shared: the option and the callback refer to it
  check->add_option("file", *file, "The file")->required();
  check->callback([&chosen, file] {
    chosen = [file] {
      Config config;
      const Result<void> fine = read_config_file(config, *file);
      if (!fine) {
        complain(fine.error());
        return kRefused;
      }
      std::printf("%s is fine\n", file->c_str());
      return kDone;
    };
  });
}

struct MigrateWords {
  std::string database, config;
  bool dry_run = false, undo = false;
};

int migrate(const Globals& globals, const MigrateWords& words, bool data_given) {
  Config config;
  const Result<void> fine = apply(config, globals, {{}, words.database, words.config, false}, data_given);
  if (!fine) return complain(fine.error());
  const Result<std::string> database = database_of(config);
  if (!database) return complain(database.error());
  const store::Migrate how = words.undo      ? store::Migrate::undo
                             : words.dry_run ? store::Migrate::dry_run
                                             : store::Migrate::up;
  const auto names = store::migrate(*database, *config.data, how);
  if (!names) return complain(names.error());
  for (const std::string& name : *names) {
    if (globals.json) {
      codec::JsonWriter w;
      w.begin_object().key("migration").string(name).end_object();
      std::printf("%s\n", w.take().c_str());
    } else {
      std::printf("%s\n", name.c_str());
    }
  }
  return kDone;
}

void add_migrate(CLI::App& app, const Globals& globals, const CLI::Option* data, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand("migrate", "Bring the database to this version's form; `serve` does so by itself");
  sub->fallthrough();
  auto words = std::make_shared<MigrateWords>();  // shared: CLI11's options and the callback refer to it
  sub->add_option("--database", words->database, "sqlite, or postgresql://…");
  sub->add_option("--config", words->config, "A configuration file, for its database");
  CLI::Option* dry_run = sub->add_flag("--dry-run", words->dry_run, "Only print what would run");
  sub->add_flag("--undo", words->undo, "Take the newest migration back")->excludes(dry_run);
  sub->callback([&globals, &chosen, data, words] {
    chosen = [&globals, data, words] { return migrate(globals, *words, data->count() > 0); };
  });
}

int usage(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  std::fprintf(stderr, "countersign: %s; --help after any words shows what they take\n", error.what());
  return kUsage;
}

int run(int argc, char** argv, steady_clock::time_point started) {
  CLI::App app("Countersign: multi-factor authentication that you run yourself.\n"
               "`countersign serve --demo` is the way to begin; the other commands talk to the running server.");
  app.name("countersign");
  app.set_version_flag("--version", std::string(kVersion));
  app.require_subcommand(1);
  Globals globals;
  std::function<int()> chosen;
  const CLI::Option* data =
      app.add_option("--data", globals.data, "The data directory; it may stand before or after the words")
          ->envname("COUNTERSIGN_DATA")
          ->capture_default_str();
  app.add_flag("--json", globals.json, "Print JSON, one document a line, and nothing else");
  add_serve(app, globals, data, chosen, started);
  add_check_config(app, chosen);
  add_control_commands(app, globals, chosen);
  add_key_commands(app, globals, chosen);
  add_signer_commands(app, globals.json, chosen);
  add_migrate(app, globals, data, chosen);
  add_backup_commands(app, globals, chosen);
  add_authenticator_commands(app, chosen);
  add_reader_commands(app, globals.json, chosen);
  add_verify_command(app, globals, chosen);
  add_witness_commands(app, globals, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage(app, error);
  }
  return chosen();
}

}  // namespace
}  // namespace countersign::server

// The keys' process (keys/keyd.h), before anything else: it is waited for.
int keyd(int argc, char** argv) {
  using namespace countersign;
  const Result<keys::KeydOrder> order = keys::read_keyd_words({argv + 2, argv + argc});
  if (!order) {
    std::fprintf(stderr, "countersign: %s\n", order.error().what.c_str());
    return server::kUsage;
  }
  const server::SystemClock clock;
  server::SystemRandom random;
  return keys::run_keyd(*order, random, clock);
}

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "keyd") return keyd(argc, argv);
  return countersign::server::run(argc, argv, std::chrono::steady_clock::now());
}
