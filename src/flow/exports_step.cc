#include "flow/exports_step.h"

#include <cstdlib>

#include "core/codec/base64.h"
#include "core/codec/hex.h"
#include "core/codec/json_write.h"
#include "core/crypto/hash.h"
#include "flow/ledger.h"
#include "flow/lineage.h"
#include "flow/run_again.h"
#include "flow/signers.h"

namespace countersign::flow {
namespace {

constexpr std::chrono::minutes kClockSlack{1};  // nodes' clocks differ

bool is_open(ExportState state) {
  switch (state) {
    case ExportState::asked:
    case ExportState::requested:
    case ExportState::approved:
    case ExportState::ready: return true;
    case ExportState::fetched:
    case ExportState::vetoed:
    case ExportState::expired:
    case ExportState::dead: return false;
  }
  std::abort();
}

// A stored state, and what time and the kill switch have made of it.
Result<ExportState> state_of(const Ports& ports, store::Txn& txn, const store::StoredExport& stored) {
  const auto state = export_state(stored.state);
  if (!state) return Error{Errc::refused, "this export was altered in the database"};
  if (!is_open(*state)) return *state;
  const Instant now = ports.clock.now();
  if (now >= stored.expires) return ExportState::expired;
  const auto grant = TRY(store::grant_of(txn, stored.id));
  if (grant && grant->killed) return ExportState::dead;
  if (!TRY(signer_lives(txn, stored.requester))) return ExportState::dead;
  if (!stored.approver.empty() && !TRY(signer_lives(txn, stored.approver))) return ExportState::dead;
  if (*state == ExportState::approved && now >= stored.runs_at) return ExportState::ready;
  return *state;
}

std::string why_not(ExportState state) {
  switch (state) {
    case ExportState::asked: return "nobody has signed this export yet (export sign)";
    case ExportState::requested: return "this export waits for a second person's signature (export approve)";
    case ExportState::approved: return "this export has its signatures; its tenant may stop it until it is ready";
    case ExportState::ready: return "this export has its signatures, and is ready";
    case ExportState::fetched: return "this export was fetched, or begun to be; ask for another one (export ask)";
    case ExportState::vetoed: return "this export was stopped by a veto";
    case ExportState::expired: return "this export has run out; ask for another one (export ask)";
    case ExportState::dead: return "somebody who signed this export was removed or killed, or the export was";
  }
  std::abort();
}

// As everything is recorded that is done about an export: by the operator's account, for a signer, as a session of its
// own, so that scope and kill find it from each of the three.
ledger::Event event_of(const ExportWork& work, std::string_view signer) {
  ledger::Event event = begin_event(work.by.ports, work.type, work.name.tenant, ledger_actor(work.by.actor));
  if (!signer.empty()) event.actor.id = signer;
  event.actor.session = work.name.id.substr(0, kIdLengthMax);  // of a refusal it is whatever was typed
  event.object = work.action;
  return event;
}

Change change_of(const ExportWork& work, const ExportStep& step) {
  const history::ExportIntent& intent = step.view.intent;
  codec::JsonWriter w;
  w.begin_object().key("intent").raw(step.view.stored.intent).key("state").string(name(step.view.state));
  w.key("signer").string(step.signer);
  w.key("not_before").integer(unix_ms(step.view.stored.runs_at) / 1000).end_object();
  return {.tenant = intent.tenant,
          .action = work.action,
          .target_type = "export",
          .target_key = intent.id,
          .target_name = intent.id,
          .details = w.take()};
}

Result<void> write_step(store::Txn& txn, const ExportWork& work, const ExportStep& step) {
  const store::StoredExport& stored = step.view.stored;
  if (!TRY(store::update_export(txn, stored))) return Error{Errc::conflict, "the export was changed meanwhile"};
  if (step.signer != stored.requester) return {};
  return store::insert_grant(txn, {.id = stored.id,  // the first time counts
                                   .parent = stored.requester,
                                   .kind = std::string(kMadeExport),
                                   .tenant = stored.tenant,
                                   .made = work.by.ports.clock.now()});
}

Result<ExportView> take_once(const ExportWork& work, const DecideExport& decide) {
  const Ports& ports = work.by.ports;
  const ExportStep step = TRY(store::read(ports.store, decide));
  const store::HistoryRow row = TRY(activity_of(work.by, change_of(work, step)));
  ledger::Event event = event_of(work, step.signer);
  event.intent = step.view.digest;
  event.purpose = step.view.intent.purpose;
  event.case_reference = step.view.intent.case_reference;
  event.query = step.proof;
  const auto written = store::write_and_wait(ports.store, [&](store::Txn& txn) -> Result<bool> {
    const ExportStep again = TRY(decide(txn));
    if (again.view.stored.version != step.view.stored.version || again.view.state != step.view.state) {
      return Error{Errc::conflict, "the export was changed meanwhile"};
    }
    TRY(write_step(txn, work, step));
    TRY(store::append_history(txn, row));
    TRY(record(txn, {event}));
    return true;
  });
  if (!written) return written.error();
  return step.view;
}

}  // namespace

Result<ExportView> view_of_export(const Ports& ports, store::Txn& txn, const store::StoredExport& stored) {
  ExportView out;
  out.stored = stored;
  const auto intent = history::decode_export_intent(stored.intent);
  if (!intent || intent->id != stored.id || intent->tenant != stored.tenant || intent->requester != stored.requester) {
    return Error{Errc::refused, "this export was altered in the database"};
  }
  out.intent = *intent;
  out.digest = codec::to_hex(crypto::hash(crypto::HashKind::sha256, bytes_of(stored.intent)));
  out.state = TRY(state_of(ports, txn, stored));
  const bool waits = out.state == ExportState::asked || out.state == ExportState::requested;
  if (waits && ports.clock.now() >= out.intent.expires) out.state = ExportState::expired;  // as was signed
  return out;
}

Result<ExportView> look_at_export(const Ports& ports, store::Txn& txn, const ExportName& name) {
  const auto stored = TRY(store::export_by_id(txn, name.tenant, name.id));
  if (!stored) return Error{Errc::not_found, "the tenant has no such export; `countersign export list` shows them"};
  return view_of_export(ports, txn, *stored);
}

Result<void> must_be(const Ports& ports, const ExportView& view, ExportState state) {
  if (view.state != state) return Error{Errc::refused, why_not(view.state)};
  if (ports.clock.now() + kClockSlack >= view.stored.asked) return {};
  return Error{Errc::refused, "this export was asked for later than it is now: the clock was set back"};
}

Result<ExportView> take_step(const ExportWork& work, const DecideExport& decide) {
  for (int tries = kTriesMax;; --tries) {
    Result<ExportView> done = take_once(work, decide);
    if (done || done.error().code == Errc::unavailable) return done;
    if (done.error().code != Errc::conflict) return refuse_export(work, done.error());
    if (tries <= 1) return Error{Errc::unavailable, "too many changes at once; try again"};
  }
}

Error refuse_export(const ExportWork& work, const Error& why) {
  const Ports& ports = work.by.ports;
  ledger::Event event = event_of(work, "");
  event.outcome = why.code == Errc::exhausted ? ledger::Outcome::capped : ledger::Outcome::denied;
  event.detail = why.what;
  const Result<void> recorded = write_again(ports.store, [&](store::Txn& txn) -> Result<void> {
    ledger::Event noted = event;
    auto found = look_at_export(ports, txn, work.name);
    if (found) noted.intent = found->digest;
    if (found && found->state == ExportState::expired && found->stored.state != name(ExportState::expired)) {
      found->stored.state = name(ExportState::expired);
      TRY(store::update_export(txn, found->stored));
    }
    return record(txn, {noted});
  });
  return recorded ? why : recorded.error();
}

Result<void> check_signature(const store::Signer& signer, std::string_view text, const Bytes& signature) {
  const auto key = TRY(crypto::Es256PublicKey::from_point(signer.public_key));
  if (key.verify(bytes_of(text), signature)) return {};
  return Error{Errc::refused, "this is not that signer's signature of exactly this text"};
}

std::string proof_of(const store::Signer& signer, std::string_view text, const Bytes& signature) {
  codec::JsonWriter w;
  w.begin_object().key("signer").string(signer.id);
  w.key("public_key").string(codec::to_base64(codec::Base64::url, signer.public_key));
  w.key("text").string(text).key("signature").string(codec::to_base64(codec::Base64::url, signature));
  return w.end_object().take();
}

}  // namespace countersign::flow
