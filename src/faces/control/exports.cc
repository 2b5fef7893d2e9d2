// Exports of history, and who may sign them (docs/operating/exports.md).
#include "flow/exports.h"

#include "core/codec/base64.h"
#include "core/ledger/checkpoint.h"
#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/signers.h"

namespace countersign::control {
namespace {

constexpr int kListed = 200;

Result<Bytes> base64_of(const Call& call, std::string_view argument, std::string_view what) {
  const std::string text = TRY(call.args.text(argument));
  Result<Bytes> bytes = codec::from_base64(codec::Base64::url, text);
  if (!bytes) return Error{Errc::malformed, std::string(argument) + ": must be " + std::string(what)};
  return bytes;
}
Result<Bytes> signature_of(const Call& call, std::string_view argument) {
  return base64_of(call, argument, "a signature as `countersign signer sign` prints it");
}

// ---- Signers ----

// Whose signers: the tenant's, or the operator's own (none).
Result<TenantId> whose(const Call& call) {
  const std::string given = TRY(call.args.text("tenant"));
  if (given == ledger::kOperatorTree) return TenantId();
  const Tenant tenant = TRY(the_tenant(call));
  return tenant.id;
}

std::string row_of(const store::Signer& signer) {
  codec::JsonWriter w;
  w.begin_object().key("signer_id").string(signer.id).key("name").string(signer.name);
  w.key("public_key").string(codec::to_base64(codec::Base64::url, signer.public_key));
  write_time(w, "added", signer.made);
  write_time(w, "removed", signer.killed);
  return w.end_object().take();
}

Result<void> signer_add(const Call& call) {
  const TenantId tenant = TRY(whose(call));
  const std::string name = TRY(call.args.text("name"));
  constexpr std::string_view kWanted = "a public key as `countersign signer init` prints it";
  const Bytes point = TRY(base64_of(call, "key", kWanted));
  const auto key = crypto::Es256PublicKey::from_point(point);
  if (!key) return Error{Errc::malformed, "key: must be " + std::string(kWanted)};
  call.row(row_of(TRY(flow::add_signer(call.by, {tenant, name, *key}))));
  return {};
}

Result<void> signer_list(const Call& call) {
  const TenantId tenant = TRY(whose(call));
  for (const store::Signer& signer : TRY(flow::signers(call.by.ports, tenant))) {
    if (!call.row(row_of(signer))) break;
  }
  return {};
}

Result<void> signer_remove(const Call& call) {
  const TenantId tenant = TRY(whose(call));
  const std::string id = TRY(call.args.text("signer"));
  TRY(flow::remove_signer(call.by, tenant, id));
  codec::JsonWriter w;
  call.row(w.begin_object().key("signer_id").string(id).key("removed").boolean(true).end_object().take());
  return {};
}

// ---- Exports ----

Result<flow::ExportName> the_export(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  return flow::ExportName{tenant.id, TRY(call.args.text("export"))};
}

std::string next_of(const flow::ExportView& view) {
  switch (view.state) {
    case flow::ExportState::asked: return "the requester signs the intent, then: export sign";
    case flow::ExportState::requested: return "a second person signs the same intent, then: export approve";
    case flow::ExportState::approved: return "wait until it is ready; until then: export veto";
    case flow::ExportState::ready: return "the requester signs a challenge (export challenge), then: export fetch";
    case flow::ExportState::fetched:
    case flow::ExportState::vetoed:
    case flow::ExportState::expired:
    case flow::ExportState::dead: return "nothing; another one is asked for with: export ask";
  }
  return {};
}

std::string row_of(const Call& call, const flow::ExportView& view) {
  const history::ExportIntent& intent = view.intent;
  const auto day = [](std::int64_t number) { return std::optional<Instant>(std::chrono::days(number)); };
  const bool complete = view.state == flow::ExportState::approved || view.state == flow::ExportState::ready;
  codec::JsonWriter w;
  w.begin_object().key("export_id").string(intent.id).key("state").string(name(view.state));
  write_time(w, "from", day(intent.first_day));
  write_time(w, "to", day(intent.last_day));
  w.key("keys").string(history::name(intent.keys)).key("rows").integer(intent.rows);
  w.key("second_person").boolean(flow::takes_two(call.by.ports, intent, intent.rows));
  w.key("requester").string(intent.requester).key("approver");
  view.stored.approver.empty() ? w.null() : w.string(view.stored.approver);
  write_time(w, "asked", intent.asked);
  write_time(w, "ready", complete ? std::optional(view.stored.runs_at) : std::nullopt);
  write_time(w, "expires", view.stored.expires);
  return w.key("next").string(next_of(view)).end_object().take();
}

Result<void> say(const Call& call, const Result<flow::ExportView>& view) {
  if (!view) return view.error();
  call.row(row_of(call, *view));
  return {};
}

Result<std::int64_t> day_of(const Call& call, std::string_view argument) {
  const std::string text = TRY(call.args.text(argument));
  const Instant at = TRY(parse_time(text));
  return std::chrono::floor<std::chrono::days>(at).time_since_epoch().count();
}

Result<flow::DayKeys> keys_of(const Call& call) {
  const std::string text = TRY(call.args.text_or("keys", history::name(flow::DayKeys::none)));
  for (const flow::DayKeys keys : {flow::DayKeys::none, flow::DayKeys::with_rows, flow::DayKeys::alone}) {
    if (history::name(keys) == text) return keys;
  }
  return Error{Errc::malformed, "keys: must be none, with_rows or alone"};
}

Result<void> ask(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  flow::ExportDraft draft;
  draft.tenant = tenant.id;
  draft.days.first = TRY(day_of(call, "from"));
  draft.days.last = TRY(day_of(call, "to"));
  draft.keys = TRY(keys_of(call));
  draft.requester = TRY(call.args.text("signer"));
  draft.purpose = TRY(call.args.text_or("purpose", "export"));
  draft.case_reference = TRY(call.args.text_or("case", ""));
  return say(call, flow::ask_export(call.by, draft));
}

Result<void> print_text(const Call& call, const std::string& text) {
  codec::JsonWriter w;
  call.row(w.begin_object().key("text").string(text).end_object().take());
  return {};
}
Result<void> intent(const Call& call) {
  const flow::ExportName name = TRY(the_export(call));
  return print_text(call, TRY(flow::find_export(call.by.ports, name)).stored.intent);
}
Result<void> challenge(const Call& call) {
  const flow::ExportName name = TRY(the_export(call));
  return print_text(call, TRY(flow::export_challenge(call.by.ports, name)));
}
Result<void> veto_text(const Call& call) {
  const flow::ExportName name = TRY(the_export(call));
  const flow::ExportView view = TRY(flow::find_export(call.by.ports, name));
  return print_text(call, history::export_veto(view.intent.id, view.digest));
}

Result<void> sign(const Call& call) {
  const flow::ExportName name = TRY(the_export(call));
  const Bytes signature = TRY(signature_of(call, "signature"));
  return say(call, flow::sign_export(call.by, name, signature));
}

Result<void> approve(const Call& call) {
  const flow::ExportName name = TRY(the_export(call));
  flow::Signed approval{TRY(call.args.text("signer")), {}};
  approval.signature = TRY(signature_of(call, "signature"));
  return say(call, flow::approve_export(call.by, name, approval));
}

Result<void> veto(const Call& call) {
  const flow::ExportName name = TRY(the_export(call));
  std::optional<flow::Signed> by;
  const auto signer = TRY(call.args.maybe("signer"));
  const auto signature = TRY(call.args.maybe("signature"));
  if (signer.has_value() != signature.has_value()) {
    return Error{Errc::malformed, "signer: goes with a signature, and the other way round"};
  }
  if (signer) by = flow::Signed{*signer, TRY(signature_of(call, "signature"))};
  return say(call, flow::veto_export(call.by, name, by));
}

Result<void> fetch(const Call& call) {
  const flow::ExportName name = TRY(the_export(call));
  const Bytes proof = TRY(signature_of(call, "proof"));
  return flow::fetch_export(call.by, name, proof, call.row);
}

Result<void> show(const Call& call) {
  const flow::ExportName name = TRY(the_export(call));
  return say(call, flow::find_export(call.by.ports, name));
}

Result<void> list(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  for (const flow::ExportView& view : TRY(flow::exports(call.by.ports, tenant.id, kListed))) {
    if (!call.row(row_of(call, view))) break;
  }
  return {};
}

constexpr Argument kExport{"export", Shape::positional, Need::required, "Its id, from `export list`"};
constexpr Argument kSignature{"signature", Shape::option, Need::required,
                              "The signature, as `countersign signer sign` prints it"};
constexpr Argument kWhose{"tenant", Shape::option, Need::required,
                          "The tenant, by id or name; `operator` for signers of the operator's own"};

std::vector<Command> signer_commands() {
  return {
      {.words = "signer add", .touch = kChanges, .meaning = "Let somebody sign exports",
       .arguments = {kWhose,
                     {"name", Shape::option, Need::required, "Who it is"},
                     {"key", Shape::option, Need::required, "The public key, as `countersign signer init` prints it"}},
       .run = signer_add},
      {.words = "signer list", .touch = kLists, .meaning = "Show who may sign exports, and who might once",
       .arguments = {kWhose}, .rows = Rows::many, .run = signer_list},
      {.words = "signer remove", .touch = kChanges,
       .meaning = "Let somebody sign no more; open exports of his are dead",
       .arguments = {{"signer", Shape::positional, Need::required, "The id, from `signer list`"}, kWhose},
       .run = signer_remove},
  };
}

std::vector<Command> signing_commands() {
  return {
      {.words = "export intent", .touch = kLists, .meaning = "Print what the requester, and a second person, sign",
       .arguments = {kExport, kTenant}, .rows = Rows::text, .run = intent},
      {.words = "export sign", .touch = kChanges, .meaning = "Hand in the requester's signature",
       .arguments = {kExport, kTenant, kSignature}, .run = sign},
      {.words = "export approve", .touch = kChanges,
       .meaning = "Hand in a second person's signature of the same intent",
       .arguments = {kExport, kTenant,
                     {"signer", Shape::option, Need::required, "Who the second person is, from `signer list`"},
                     kSignature},
       .run = approve},
      {.words = "export veto-text", .touch = kLists, .meaning = "Print what a signer signs to stop an export",
       .arguments = {kExport, kTenant}, .rows = Rows::text, .run = veto_text},
      {.words = "export veto", .touch = kChanges, .meaning = "Stop an export that was not fetched yet",
       .arguments = {kExport, kTenant,
                     {"signer", Shape::option, Need::optional, "Who signed the veto"},
                     {"signature", Shape::option, Need::optional, "The signature of `export veto-text`"}},
       .run = veto},
  };
}

}  // namespace

std::vector<Command> export_commands() {
  std::vector<Command> out = signer_commands();
  out.push_back(
      {.words = "export ask", .touch = kChanges, .meaning = "Ask that history leaves, still sealed",
       .arguments = {kTenant,
                     {"from", Shape::option, Need::required, "The first day, as 2026-01-02"},
                     {"to", Shape::option, Need::required, "The last day"},
                     {"keys", Shape::option, Need::optional, "The keys of these days: none, with_rows or alone"},
                     {"signer", Shape::option, Need::required, "Who asks and will sign, from `signer list`"},
                     {"purpose", Shape::option, Need::optional, "What for; in the ledger"},
                     {"case", Shape::option, Need::optional, "Why: a ticket's number, for the ledger"}},
       .run = ask});
  for (Command& command : signing_commands()) out.push_back(std::move(command));
  out.push_back({.words = "export challenge", .touch = kLists, .meaning = "Print what the requester signs to fetch it",
                 .arguments = {kExport, kTenant}, .rows = Rows::text, .run = challenge});
  out.push_back({.words = "export fetch", .touch = kReads, .meaning = "Print an export that is ready; once",
                 .arguments = {kExport, kTenant,
                               {"proof", Shape::option, Need::required, "The requester's signature of the challenge"}},
                 .rows = Rows::raw, .run = fetch});
  out.push_back({.words = "export list", .touch = kLists, .meaning = "Show a tenant's exports and what comes next",
                 .arguments = {kTenant}, .rows = Rows::many, .run = list});
  out.push_back({.words = "export show", .touch = kLists, .meaning = "Show one of them",
                 .arguments = {kExport, kTenant}, .run = show});
  return out;
}

}  // namespace countersign::control
