#include "server/cli_verify.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "core/codec/json_write.h"
#include "core/ledger/proof.h"
#include "server/bundle_check.h"
#include "server/tree_check.h"

namespace countersign::server {
namespace {

struct Words {
  std::string what, policy, entry;
};

void say(const Globals& globals, codec::JsonWriter& row) {
  const std::string json = row.end_object().take();
  std::printf("%s\n", globals.json ? json.c_str() : ("VERIFIED " + json).c_str());
}

Result<void> verify_folder(const Globals& globals, const Words& words, const ledger::Policy& policy) {
  const CheckedBundle checked = TRY(check_bundle(words.what, policy));
  codec::JsonWriter w;
  w.begin_object().key("verified").string("bundle").key("tenant").string(checked.tenant);
  w.key("signed_by").string(checked.signer).key("files").integer(static_cast<std::uint64_t>(checked.files));
  w.key("reads").integer(static_cast<std::uint64_t>(checked.reads));
  w.key("rows").integer(static_cast<std::uint64_t>(checked.rows));
  say(globals, w);
  return {};
}

Result<void> verify_tree(const Globals& globals, const Words& words, const ledger::Policy& policy) {
  const CheckedTree checked = TRY(check_tree(words.what, policy));
  codec::JsonWriter w;
  w.begin_object().key("verified").string("tree").key("tree").string(checked.tree).key("log").string(checked.log);
  w.key("events").integer(checked.events);
  w.key("cosigned_by").integer(static_cast<std::uint64_t>(checked.witnesses));
  say(globals, w);
  return {};
}

Result<void> verify_file(const Globals& globals, const Words& words, const ledger::Policy& policy) {
  const std::string text = TRY(read_whole(words.what));
  codec::JsonWriter w;
  if (const Result<ledger::EventProof> event = ledger::parse_event_proof(text)) {
    const ledger::ProvedEvent proved = TRY(ledger::verify_event_proof(*event, policy));
    w.begin_object().key("verified").string("event").key("number").integer(proved.index).key("event").raw(proved.text);
    w.key("tree").string(proved.tenant_tree.origin).key("log").string(proved.global_tree.checkpoint.origin);
    w.key("cosigned_by").integer(static_cast<std::uint64_t>(proved.global_tree.witnesses.size()));
    say(globals, w);
    return {};
  }
  const ledger::Proof proof = TRY(ledger::parse_proof(text));
  if (words.entry.empty()) return Error{Errc::malformed, "a tlog-proof shows an entry: name its file with --entry"};
  const std::string entry = TRY(read_whole(words.entry));
  const ledger::Trusted trusted = TRY(ledger::verify_proof(proof, bytes_of(entry), policy));
  w.begin_object().key("verified").string("entry").key("number").integer(proof.index);
  w.key("log").string(trusted.checkpoint.origin);
  w.key("cosigned_by").integer(static_cast<std::uint64_t>(trusted.witnesses.size()));
  say(globals, w);
  return {};
}

Result<void> verify(const Globals& globals, const Words& words) {
  const std::string text = TRY(read_whole(words.policy));
  const ledger::Policy policy = TRY(ledger::parse_policy(text));
  std::error_code ignored;
  if (!std::filesystem::is_directory(words.what, ignored)) return verify_file(globals, words, policy);
  return is_exported_tree(words.what) ? verify_tree(globals, words, policy) : verify_folder(globals, words, policy);
}

}  // namespace

void add_verify_command(CLI::App& app, const Globals& globals, std::function<int()>& chosen) {
  CLI::App* sub =
      app.add_subcommand("verify", "Check a proof, an exported tree or a bundle; needs no server and no network");
  sub->fallthrough();
  auto words = std::make_shared<Words>();  // shared: CLI11's options and the callback refer to it
  sub->add_option("what", words->what,
                  "An .event-proof, a .tlog-proof, or the folder of a tree or a bundle")->required();
  sub->add_option("--policy", words->policy, "Whom to trust: logs, witnesses, quorum (docs/protocols/ledger.md)")
      ->required();
  sub->add_option("--entry", words->entry, "The bytes of the leaf, where the proof does not hold them");
  sub->callback([&globals, &chosen, words] {
    chosen = [&globals, words] {
      const Result<void> done = verify(globals, *words);
      if (done) return kDone;
      std::fprintf(stderr, "countersign: REFUSED: %s\n", done.error().what.c_str());
      return kRefused;  // whatever the cause: it was not verified
    };
  });
}

}  // namespace countersign::server
