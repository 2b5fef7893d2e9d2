// The words of `countersign reader`.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>

#include "core/codec/json_write.h"
#include "server/cli.h"
#include "server/reader.h"
#include "server/system.h"

namespace countersign::server {
namespace {

struct Words {
  ReaderQuery query;
  std::string out;
  bool csv = false;
};
using Shared = std::shared_ptr<Words>;  // shared: CLI11's options and the callbacks refer to it

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int say_key(const Result<std::string>& key, const std::string& file, bool json) {
  if (!key) return complain(key.error());
  if (json) {
    codec::JsonWriter w;
    w.begin_object().key("public_key").string(*key).key("key_file").string(file).end_object();
    print(w.take() + "\n");
  } else {
    print(*key + "\n");
    std::fprintf(stderr, "The private half is in %s. The line above is for `custody recipient add`.\n", file.c_str());
  }
  return kDone;
}

int open(const Words& words) {
  harden_process();
  ReaderQuery query = words.query;
  query.form = words.csv ? ReaderForm::csv : ReaderForm::json;
  const Result<ReaderOutcome> outcome = open_exports(query, print);
  std::fflush(stdout);
  if (!outcome) {
    complain(outcome.error());
    return kRefused;
  }
  for (const std::string& problem : outcome->problems) std::fprintf(stderr, "countersign: %s\n", problem.c_str());
  std::fprintf(stderr, "%llu rows opened, %llu did not\n", static_cast<unsigned long long>(outcome->opened),
               static_cast<unsigned long long>(outcome->closed));
  if (outcome->canaries > 0) {
    std::fprintf(stderr, "%llu more are canaries: rows about nobody, by which the service notices thieves\n",
                 static_cast<unsigned long long>(outcome->canaries));
  }
  return outcome->problems.empty() && outcome->closed == 0 ? kDone : kRefused;
}

int split(const Words& words, bool json) {
  harden_process();
  SystemRandom random;
  const auto shares = split_reader_key(words.query.key, random);
  if (!shares) return complain(shares.error());
  codec::JsonWriter w;
  w.begin_object().key("shares").begin_array();
  for (const std::string& share : *shares) w.string(share);
  w.end_array().end_object();
  if (json) {
    print(w.take() + "\n");
    return kDone;
  }
  for (const std::string& share : *shares) print(share + "\n");
  std::fprintf(stderr, "Any two of them give the key back. Write them down, keep them apart, and keep no copy here.\n");
  return kDone;
}

int combine(const Words& words, bool json) {
  harden_process();
  SystemRandom random;
  std::vector<std::string> shares;
  std::fprintf(stderr, "Two shares, one a line:\n");
  for (std::string line; shares.size() < 2 && std::getline(std::cin, line);) {
    if (!line.empty()) shares.push_back(line);
  }
  const ReaderKeyPlace place{.file = words.out, .passphrase_file = words.query.key.passphrase_file};
  return say_key(combine_reader_key(place, shares, random), words.out, json);
}

CLI::App* add(CLI::App& under, const char* word, const char* meaning, const Shared& words) {
  CLI::App* const made = under.add_subcommand(word, meaning);
  made->fallthrough();
  made->add_option("--passphrase-file", words->query.key.passphrase_file,
                   "A file whose first line is the passphrase; without it, the terminal is asked");
  return made;
}

void add_key(CLI::App& app, const Shared& words) {
  app.add_option("--key", words->query.key.file, "The key file")->required();
}

void add_open(CLI::App& reader, const Shared& words, std::function<int()>& chosen) {
  CLI::App* const sub = add(reader, "open", "Open exports and print their events, one JSON object a line", words);
  sub->add_option("EXPORT", words->query.exports, "Files; those that bring keys come first")->required();
  add_key(*sub, words);
  sub->add_flag("--csv", words->csv, "Print one table, safe to open in a spreadsheet");
  sub->add_option("--stream", words->query.stream, "authentication, activity or telephony; without it, all")
      ->check(CLI::IsMember({"authentication", "activity", "telephony"}));
  sub->callback([&chosen, words] { chosen = [words] { return open(*words); }; });
}

}  // namespace

void add_reader_commands(CLI::App& app, const bool& json, std::function<int()>& chosen) {
  const Shared words = std::make_shared<Words>();
  CLI::App* const reader = app.add_subcommand("reader", "Open history that is sealed to its tenant; needs no server");
  reader->require_subcommand(1);
  reader->fallthrough();
  CLI::App* const init = add(*reader, "init", "Make a key pair; print its public half", words);
  init->add_option("--out", words->out, "The key file to make")->required();
  init->callback([&json, &chosen, words] {
    chosen = [&json, words] {
      harden_process();
      SystemRandom random;
      const ReaderKeyPlace place{.file = words->out, .passphrase_file = words->query.key.passphrase_file};
      return say_key(make_reader_key(place, random), words->out, json);
    };
  });
  add_open(*reader, words, chosen);
  CLI::App* const shares = reader->add_subcommand("shares", "The key on paper: three shares, two are enough");
  shares->require_subcommand(1);
  shares->fallthrough();
  CLI::App* const split_word = add(*shares, "split", "Print three shares of a key", words);
  add_key(*split_word, words);
  split_word->callback([&json, &chosen, words] { chosen = [&json, words] { return split(*words, json); }; });
  CLI::App* const combine_word = add(*shares, "combine", "Make a key file from two shares, read from stdin", words);
  combine_word->add_option("--out", words->out, "The key file to make")->required();
  combine_word->callback([&json, &chosen, words] { chosen = [&json, words] { return combine(*words, json); }; });
}

}  // namespace countersign::server
