#include "server/cli_keys.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "keys/root_source.h"
#include "server/data_dir.h"
#include "server/system.h"

namespace countersign::server {

Result<void> wrap_root_key(const std::string& data, const std::string& to) {
  const DataDir dir = TRY(DataDir::open(data));
  const std::string file = dir.file("root.key");
  SystemRandom random;
  keys::RootSource from = TRY(keys::RootSource::of_file(file));
  const keys::RootKeys list = TRY(from.read());
  keys::RootSource target = TRY(keys::RootSource::parse(to, file));
  return target.take_over(list, random);
}

void add_key_commands(CLI::App& app, const Globals& globals, std::function<int()>& chosen) {
  CLI::App* sub = app.get_subcommand("keys")->add_subcommand(
      "wrap", "Move the root key into a token, a TPM or a plain file; no server may run");
  sub->fallthrough();
  auto to = std::make_shared<std::string>();  // shared: the option and the callback refer to it
  sub->add_option("--to", *to, "file, pkcs11:… or tpm2:… (docs/operating/keys.md)")->required();
  sub->callback([&globals, &chosen, to] {
    chosen = [&globals, to] {
      const Result<void> done = wrap_root_key(globals.data, *to);
      if (!done) return complain(done.error());
      codec::JsonWriter w;
      w.begin_object().key("root_key").string(*to).end_object();
      if (globals.json) {
        std::printf("%s\n", w.take().c_str());
      } else {
        std::fprintf(stderr, "done; now write into the configuration: root_key = \"%s\"\n", to->c_str());
      }
      return kDone;
    };
  });
}

}  // namespace countersign::server
