#include "server/cli_exports.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>

#include "core/codec/base64.h"
#include "core/codec/json_write.h"
#include "core/history/export_intent.h"
#include "core/history/signer_key.h"
#include "server/cli.h"
#include "server/passphrase.h"
#include "server/system.h"

namespace countersign::server {
namespace {

struct Words {
  KeyPlace key;
  std::string text;
};
using Shared = std::shared_ptr<Words>;  // shared: CLI11's options and the callbacks refer to it

std::string text_of_bytes(ByteView bytes) { return codec::to_base64(codec::Base64::url, bytes); }

Result<std::string> read_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{Errc::not_found, file + ": there is no such file"};
  std::string text(history::kSignedTextMax + 2, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

int say(const std::string& name, const std::string& value, bool json) {
  codec::JsonWriter w;
  w.begin_object().key(name).string(value).end_object();
  std::printf("%s\n", json ? w.take().c_str() : value.c_str());
  return kDone;
}

int init(const Words& words, bool json) {
  harden_process();
  SystemRandom random;
  const Result<std::string> key = make_signer_key(words.key, random);
  if (!key) return complain(key.error());
  std::fprintf(stderr, "The private half is in %s. This is for `signer add`:\n", words.key.file.c_str());
  return say("public_key", *key, json);
}

int sign(const Words& words, bool json) {
  harden_process();
  const Result<std::string> done = sign_text(words.key, words.text, [](const std::string& what) {
    std::fprintf(stderr, "To be signed: %s.\n", what.c_str());
  });
  if (!done) return complain(done.error());
  return say("signature", *done, json);
}

CLI::App* add(CLI::App& under, const char* word, const char* meaning, const Shared& words) {
  CLI::App* const made = under.add_subcommand(word, meaning);
  made->fallthrough();
  made->add_option("KEYFILE", words->key.file, "The signer's key file")->required();
  made->add_option("--passphrase-file", words->key.passphrase_file,
                   "A file whose first line is the passphrase; without it, the terminal is asked");
  return made;
}

}  // namespace

Result<std::string> make_signer_key(const KeyPlace& place, Random& random) {
  const auto key = crypto::Es256Key::generate(random);
  TRY(write_key_file(place,
                     [&](const Secret& given) { return history::seal_signer_key(key, {given, place.cost}, random); }));
  return text_of_bytes(key.public_key().point());
}

Result<std::string> sign_text(const KeyPlace& place, const std::string& file,
                              const std::function<void(const std::string& words)>& show) {
  const std::string text = TRY(read_text(file));
  show(TRY(history::words_of_signed(text)));
  const std::string key_file = TRY(read_key_file(place));
  TRY(history::signer_public_key(key_file));
  const Secret given = TRY(passphrase(place.passphrase_file, Passphrase::known));
  const auto key = TRY(history::open_signer_key(key_file, given));
  return text_of_bytes(key.sign(bytes_of(text)));
}

void add_signer_commands(CLI::App& app, const bool& json, std::function<int()>& chosen) {
  CLI::App& signer = *app.get_subcommand("signer");
  const Shared words = std::make_shared<Words>();
  CLI::App* const made = add(signer, "init", "Make a signer's key pair; print its public half; needs no server", words);
  made->callback([&json, &chosen, words] { chosen = [&json, words] { return init(*words, json); }; });
  CLI::App* const signing = add(signer, "sign", "Sign the text of an export; needs no server", words);
  signing->add_option("TEXTFILE", words->text, "What is to be signed, as `export intent` printed it")->required();
  signing->callback([&json, &chosen, words] { chosen = [&json, words] { return sign(*words, json); }; });
}

}  // namespace countersign::server
