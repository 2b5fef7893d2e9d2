// The ledger's own commands: how it stands, what is in it, and what shows that (docs/operating/ledger.md).
#include "core/codec/base64.h"
#include "core/ledger/checkpoint.h"
#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/ledger.h"
#include "flow/ledger_tokens.h"
#include "flow/read_ledger.h"
#include "flow/witness_book.h"

namespace countersign::control {
namespace {

constexpr std::size_t kPieceBytes = 512 * 1024;  // in base64 they fit into a line

// Whose tree: the tenant's, or the operator's own.
struct Whose {
  std::string tree{ledger::kOperatorTree};
  TenantId tenant;
};
Result<Whose> whose(const Call& call) {
  const std::string given = TRY(call.args.text("tenant"));
  if (given == ledger::kOperatorTree) return Whose{};
  const Tenant tenant = TRY(the_tenant(call));
  return Whose{tenant.id.text(), tenant.id};
}

Result<void> write_head(codec::JsonWriter& to, const flow::Ports& ports) {
  const flow::LedgerStanding standing = TRY(flow::ledger_standing(ports));
  const flow::LogName log = TRY(flow::log_name(ports));
  to.key("log").string(log.origin).key("key").string(log.key.text());
  to.key("heads").integer(static_cast<std::int64_t>(standing.entries));
  to.key("published").integer(static_cast<std::int64_t>(standing.published));
  write_time(to, "published_at", standing.at);
  to.key("trees_waiting").integer(std::int64_t{standing.waiting});
  return {};
}

void write_witness(codec::JsonWriter& to, const flow::KnownWitness& witness, const flow::WitnessState& state) {
  to.begin_object().key("name").string(witness.key.name()).key("url").string(witness.url);
  to.key("state").string(name(state.standing)).key("size").integer(static_cast<std::int64_t>(state.size));
  const bool asked = state.standing != flow::WitnessStanding::unasked;
  write_time(to, "at", asked ? std::optional<Instant>(state.at) : std::nullopt);
  to.key("why");
  state.why.empty() ? to.null() : to.string(state.why);
  to.end_object();
}

// First what is to be done, where something is.
std::string verdict(const flow::WitnessBook& book) {
  if (book.disagreeing() > 0) {
    return "WITNESSES DISAGREE: this ledger is not the one they have seen; it was rolled back, or forked "
           "(docs/operating/ledger.md)";
  }
  if (!book.quorum_met()) return "the quorum of witnesses is missed: new heads convince no verifier that asks for it";
  if (book.witnesses().empty()) return "no witness is configured: nobody else remembers the heads";
  return "fine";
}

Result<void> status(const Call& call) {
  const flow::WitnessBook& book = call.witnesses;
  codec::JsonWriter w;
  w.begin_object().key("verdict").string(verdict(book));
  TRY(write_head(w, call.by.ports));
  w.key("quorum").integer(static_cast<std::int64_t>(book.quorum()));
  w.key("quorum_met").boolean(book.quorum_met());
  w.key("witnesses").begin_array();
  for (std::size_t i = 0; i < book.witnesses().size(); ++i) write_witness(w, book.witnesses()[i], book.state(i));
  call.row(w.end_array().end_object().take());
  return {};
}

Result<void> show(const Call& call) {
  const Whose from = TRY(whose(call));
  const std::int64_t first = TRY(call.args.maybe_number("from", {0, INT64_MAX})).value_or(0);
  return flow::each_ledger_entry(call.by.ports, from.tree, static_cast<std::uint64_t>(first),
                                 [&](const store::LedgerEntry& entry) {
                                   codec::JsonWriter w;
                                   w.begin_object().key("seq").integer(static_cast<std::int64_t>(entry.seq));
                                   return call.row(w.key("event").raw(entry.entry).end_object().take());
                                 });
}

Result<void> proof(const Call& call) {
  const Whose of = TRY(whose(call));
  const auto seq = TRY(call.args.maybe_number("seq", {0, INT64_MAX}));
  if (!seq) return Error{Errc::malformed, "seq: is missing"};
  const ledger::EventProof shown =
      TRY(flow::prove_event(call.by.ports, of.tree, static_cast<std::uint64_t>(*seq)));
  codec::JsonWriter w;
  call.row(w.begin_object().key("text").string(print(shown)).end_object().take());
  return {};
}

// A file as one row or several, the last of which says so: a bundle can be longer than a line may be.
Result<void> send_file(const Call& call, std::string_view path, ByteView content) {
  do {
    const ByteView piece = content.first(std::min(content.size(), kPieceBytes));
    content = content.subspan(piece.size());
    codec::JsonWriter w;
    w.begin_object().key("path").string(path);
    w.key("base64").string(codec::to_base64(codec::Base64::padded, piece));
    w.key("last").boolean(content.empty()).end_object();
    if (!call.row(w.take())) return Error{Errc::unavailable, "nobody takes the export any more"};
  } while (!content.empty());
  return {};
}

Result<void> give_out(const Call& call) {
  const Whose of = TRY(whose(call));
  flow::LedgerExport wanted{.tree = of.tree, .tenant = of.tenant, .case_reference = {}};
  wanted.case_reference = TRY(call.args.text_or("case", ""));
  return flow::export_ledger(call.by, wanted, [&](std::string_view path, ByteView content) {
    return send_file(call, path, content);
  });
}

Result<void> policy(const Call& call) {
  const flow::Ports& ports = call.by.ports;
  const flow::LogName log = TRY(flow::log_name(ports));
  const ledger::Policy policy = flow::policy_of(log, ports.settings.public_url + "/ledger", call.witnesses);
  codec::JsonWriter w;
  call.row(w.begin_object().key("text").string(ledger::print(policy)).end_object().take());
  return {};
}

Result<void> token(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const flow::MadeLedgerToken made = TRY(flow::make_ledger_token(call.by, tenant));
  codec::JsonWriter w;
  w.begin_object().key("token_id").string(made.id).key("token").string(made.token.reveal());
  w.key("url").string(call.by.ports.settings.public_url + "/ledger/tenant/" + tenant.id.text());
  call.row(w.end_object().take());
  return {};
}

Result<void> tokens(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  for (const store::Grant& grant : TRY(flow::ledger_tokens(call.by, tenant))) {
    codec::JsonWriter w;
    w.begin_object().key("token_id").string(grant.id);
    write_time(w, "made", grant.made);
    write_time(w, "revoked", grant.killed);
    if (!call.row(w.end_object().take())) break;
  }
  return {};
}

Result<void> revoke(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const std::string id = TRY(call.args.text("token"));
  TRY(flow::revoke_ledger_token(call.by, tenant, id));
  codec::JsonWriter w;
  call.row(w.begin_object().key("token_id").string(id).key("revoked").boolean(true).end_object().take());
  return {};
}

constexpr Argument kWhose{"tenant", Shape::option, Need::required,
                          "The tenant, by id or name; `operator` for what belongs to none"};

std::vector<Command> token_list() {
  return {
      {.words = "ledger token", .touch = kChanges,
       .meaning = "Make a token with which a tenant reads its own ledger over the network; it is shown once",
       .arguments = {kTenant}, .run = token},
      {.words = "ledger tokens", .touch = kLists, .meaning = "Show the ledger tokens that you made for a tenant",
       .arguments = {kTenant}, .rows = Rows::many, .run = tokens},
      {.words = "ledger revoke", .touch = kChanges, .meaning = "End a ledger token",
       .arguments = {{"token", Shape::positional, Need::required, "Its id, from `ledger tokens`"}, kTenant},
       .run = revoke},
  };
}

}  // namespace

std::vector<Command> ledger_commands() {
  std::vector<Command> out = {
      {.words = "ledger status", .touch = kLists,
       .meaning = "Show the ledger's newest head and what its witnesses say to it",
       .arguments = {}, .run = status},
      {.words = "ledger show", .touch = kLists,
       .meaning = "Print who read and changed what, one JSON object a line; that you looked is in it too",
       .arguments = {kWhose, {"from", Shape::option, Need::optional, "The number of the first event"}},
       .rows = Rows::raw, .run = show},
      {.words = "ledger proof", .touch = kLists,
       .meaning = "Print an event with all that proves it, for clients/ledger/verify.py proof",
       .arguments = {kWhose, {"seq", Shape::option, Need::required, "The event's number, from `ledger show`"}},
       .rows = Rows::text, .run = proof},
      {.words = "ledger export", .touch = kReads,
       .meaning = "Write the whole ledger of a tenant as files, for clients/ledger/verify.py tree",
       .arguments = {kWhose,
                     {"out", Shape::option, Need::required, "A folder that does not exist yet"},
                     {"case", Shape::option, Need::optional, "Why: a ticket's number, for the ledger"}},
       .rows = Rows::raw, .run = give_out},
      {.words = "ledger policy", .touch = kLists,
       .meaning = "Print whom a verifier is to trust: this log and its witnesses (C2SP tlog-policy)",
       .arguments = {}, .rows = Rows::text, .run = policy},
  };
  for (Command& command : token_list()) out.push_back(std::move(command));
  return out;
}

}  // namespace countersign::control
