#include "server/authenticator.h"

#include <CLI/CLI.hpp>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "server/authenticator_commands.h"
#include "server/system.h"

namespace countersign::server {
namespace {

using factor::push::Decision;

// What the command line leaves behind; shared by the callbacks of the words, which CLI11 keeps by copy.
struct Words {
  std::string store, ca_file, account, link, uri, request, number;
  int wait_s = 0;
  bool json = false;
};
using Shared = std::shared_ptr<Words>;

std::string default_store() {
  if (const char* const set = std::getenv("COUNTERSIGN_AUTHENTICATOR"); set && *set) return set;
  if (const char* const config = std::getenv("XDG_CONFIG_HOME"); config && *config) {
    return std::string(config) + "/countersign/authenticator.json";
  }
  const char* const home = std::getenv("HOME");
  return std::string(home && *home ? home : ".") + "/.config/countersign/authenticator.json";
}

void print(std::FILE* to, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), to);
  std::fflush(to);
}

std::optional<std::string> ask_line(std::string_view prompt) {
  print(stderr, prompt);
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  line.erase(0, line.find_first_not_of(' ') == std::string::npos ? line.size() : line.find_first_not_of(' '));
  return line;
}

using Verb = std::function<int(AuthenticatorCommands&)>;

int run_verb(const Words& words, const Verb& verb) {
  const SystemClock clock;
  SystemRandom random;
  AuthenticatorOptions options;
  options.store = words.store.empty() ? default_store() : words.store;
  options.ca_file = words.ca_file;
  options.account = words.account;
  options.output = words.json ? Output::json : Output::text;
  AuthenticatorCommands commands(
      AuthenticatorWorld{connect_https, clock, random, [](std::string_view text) { print(stdout, text); },
                         [](std::string_view text) { print(stderr, text); }, ask_line},
      std::move(options));
  return verb(commands);
}

// A word below `authenticator` that runs `verb`.
CLI::App* add_verb(CLI::App& under, std::function<int()>& run, const Shared& words, const char* name,
                   const char* meaning, Verb verb) {
  CLI::App* const app = under.add_subcommand(name, meaning);
  app->fallthrough();
  app->callback([&run, words, verb = std::move(verb)] { run = [words, verb] { return run_verb(*words, verb); }; });
  return app;
}

void add_wait(CLI::App& app, const Shared& words) {
  app.add_option("--wait", words->wait_s, "Wait so many seconds for a request")->check(CLI::Range(0, 3600));
}

void add_answer(CLI::App& under, std::function<int()>& run, const Shared& words, const char* meaning,
                Decision decision) {
  const std::string name(factor::push::name(decision));
  CLI::App* const app =
      add_verb(under, run, words, name.c_str(), meaning, [words, decision](AuthenticatorCommands& commands) {
        AnswerOptions options;
        options.decision = decision;
        options.request = words->request;
        options.wait = seconds(words->wait_s);
        if (!words->number.empty()) options.number = words->number;
        return commands.answer(options);
      });
  add_wait(*app, words);
  app->add_option("--request", words->request, "Which request, by its id or the beginning of it");
  if (decision == Decision::approve) {
    app->add_option("--number", words->number, "The number shown where the sign-in began; without it, you are asked")
        ->check([](const std::string& text) {
          const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
          return digits && text.size() <= 16 ? std::string() : std::string("must be digits");
        });
  }
}

}  // namespace

void add_authenticator_commands(CLI::App& root, std::function<int()>& run) {
  const Shared words = std::make_shared<Words>();
  CLI::App* const app = root.add_subcommand("authenticator", "Confirm sign-ins from this computer");
  app->require_subcommand(1);
  app->add_option("--store", words->store, "The file with the keys (default: $COUNTERSIGN_AUTHENTICATOR or "
                                           "~/.config/countersign/authenticator.json)");
  app->add_option("--ca", words->ca_file, "Trust the certificates in this PEM file; activate keeps it with the account")
      ->check(CLI::ExistingFile);
  app->add_option("--account", words->account, "USER@TENANT, a device's id or a server; default: all");
  app->add_flag("--json", words->json, "Print one JSON document");

  CLI::App* const activate =
      add_verb(*app, run, words, "activate", "Bind this authenticator with an activation link",
               [words](AuthenticatorCommands& commands) { return commands.activate(words->link); });
  activate->add_option("URL", words->link, "https://HOST/activate/CODE")->required();
  CLI::App* const list = add_verb(*app, run, words, "list", "Show what is waiting", [words](AuthenticatorCommands& c) {
    return c.list(seconds(words->wait_s));
  });
  add_wait(*list, words);
  add_answer(*app, run, words, "Approve a sign-in by the number it shows", Decision::approve);
  add_answer(*app, run, words, "Refuse a sign-in", Decision::deny);
  add_answer(*app, run, words, "Refuse a sign-in and report that it was not you", Decision::fraud);
  add_verb(*app, run, words, "code", "Show the codes of now; needs no network",
           [](AuthenticatorCommands& commands) { return commands.code(); });
  CLI::App* const add = add_verb(*app, run, words, "add", "Add codes of an account elsewhere",
                                 [words](AuthenticatorCommands& commands) { return commands.add(words->uri); });
  add->add_option("URI", words->uri, "otpauth://totp/… or otpauth://hotp/…")->required();
  add_verb(*app, run, words, "watch", "Print what is waiting as it comes",
           [](AuthenticatorCommands& commands) { return commands.watch(); });
}

}  // namespace countersign::server
