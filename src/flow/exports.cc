#include "flow/exports.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/codec/base64.h"
#include "flow/exports_step.h"
#include "flow/ledger.h"
#include "flow/run_again.h"
#include "flow/signers.h"
#include "store/tenants.h"

namespace countersign::flow {
namespace {

constexpr std::array kStates = {ExportState::asked,   ExportState::requested, ExportState::approved, ExportState::ready,
                                ExportState::fetched, ExportState::vetoed,    ExportState::expired,  ExportState::dead};
constexpr std::string_view kIdPrefix = "ex_";
constexpr std::size_t kIdCharacters = 18, kNonceBytes = 16;

// Every signature is there: the tenant's time for a veto begins.
void complete(const Ports& ports, ExportView& view) {
  const Instant now = ports.clock.now();
  view.stored.state = name(ExportState::approved);
  view.stored.runs_at = now + ports.settings.exports.veto;
  view.stored.expires = view.stored.runs_at + kExportReady;
  view.state = now >= view.stored.runs_at ? ExportState::ready : ExportState::approved;
}

Result<void> check_draft(const Ports& ports, const ExportDraft& draft) {
  TRY(check_export_days(draft.days));
  const std::int64_t today = std::chrono::floor<std::chrono::days>(ports.clock.now()).time_since_epoch().count();
  if (draft.days.last > today) return Error{Errc::malformed, "the last day is still to come: nobody can sign for it"};
  TRY(check_name(draft.purpose, "the purpose"));
  return draft.case_reference.empty() ? Result<void>() : check_name(draft.case_reference, "the case");
}

history::ExportIntent intent_of(const Ports& ports, const ExportDraft& draft) {
  Bytes nonce(kNonceBytes);
  ports.random.fill(nonce);
  const Instant now = std::chrono::floor<seconds>(ports.clock.now());
  return {.id = std::string(kIdPrefix) + random_text(ports.random, kIdCharacters, kIdAlphabet),
          .tenant = draft.tenant,
          .first_day = draft.days.first,
          .last_day = draft.days.last,
          .keys = draft.keys,
          .requester = draft.requester,
          .purpose = draft.purpose,
          .case_reference = draft.case_reference,
          .asked = now,
          .expires = now + kExportSigning,
          .nonce = codec::to_base64(codec::Base64::url, nonce)};
}

// Counting is an event, too; it takes the tree's turn, so that of two who ask at once one sees the other's.
Result<ExportView> ask_once(const Administration& by, const ExportDraft& draft) {
  const Ports& ports = by.ports;
  TRY(check_draft(ports, draft));
  ExportView out;
  out.intent = intent_of(ports, draft);
  const auto rows = TRY(
      store::read(ports.store, [&](store::Txn& txn) { return store::count_history(txn, draft.tenant, draft.days); }));
  out.intent.rows = static_cast<std::uint64_t>(rows);
  out.stored = {.id = out.intent.id,
                .tenant = draft.tenant,
                .intent = history::encode(out.intent),
                .requester = draft.requester,
                .signature = {},
                .approver = {},
                .approval = {},
                .state = std::string(name(ExportState::asked)),
                .asked = out.intent.asked,
                .runs_at = out.intent.expires,
                .expires = out.intent.expires};
  ledger::Event event = begin_event(ports, ledger::EventType::count, draft.tenant, ledger_actor(by.actor));
  event.actor.session = out.intent.id;
  event.purpose = draft.purpose;
  event.case_reference = draft.case_reference;
  event.object = "export_ask";
  event.query = out.stored.intent;
  event.count = out.intent.rows;
  TRY(write_again(ports.store, [&](store::Txn& txn) -> Result<void> {
    TRY(record(txn, {event}));
    TRY(signer_for(txn, draft.tenant, draft.requester));
    if (TRY(store::count_open_exports(txn, draft.tenant, ports.clock.now())) >= kOpenExportsMax) {
      return Error{Errc::exhausted, "16 exports of this tenant are open; fetch, stop or let run out some of them"};
    }
    return store::insert_export(txn, out.stored);
  }));
  return store::read(ports.store, [&](store::Txn& txn) { return view_of_export(ports, txn, out.stored); });
}

Result<std::vector<std::string>> challenges(const Ports& ports, const ExportView& view) {
  constexpr std::chrono::minutes kStep{5};
  std::vector<std::string> out;  // the newest first
  const Instant begun = Instant(std::chrono::floor<std::chrono::minutes>(ports.clock.now().time_since_epoch()) / 5 * 5);
  for (Instant expires = begun + kChallengeLife; expires > begun; expires -= kStep) {
    history::ExportChallenge one{.id = view.stored.id, .intent = view.digest, .expires = expires, .nonce = {}};
    // Nobody else can make it, and it is stored nowhere.
    const Bytes nonce = TRY(ports.keys.token_digest("export challenge", Secret(history::encode(one))));
    one.nonce = codec::to_base64(codec::Base64::url, ByteView(nonce).first(kNonceBytes));
    out.push_back(history::encode(one));
  }
  return out;
}

// Signed are the stored bytes; whoever could alter the database could not make these.
Result<void> check_stored(store::Txn& txn, const ExportView& view) {
  const store::StoredExport& stored = view.stored;
  const store::Signer requester = TRY(signer_for(txn, stored.tenant, stored.requester));
  TRY(check_signature(requester, stored.intent, stored.signature));
  if (stored.approver.empty()) return {};
  const store::Signer approver = TRY(signer_for(txn, stored.tenant, stored.approver));
  return check_signature(approver, stored.intent, stored.approval);
}

// Rows may have been added to a day that is not over; keys were never one person's affair for more than a day.
Result<void> check_second(const Ports& ports, store::Txn& txn, const ExportView& view) {
  if (!view.stored.approver.empty()) return {};
  const store::DayRange days{view.intent.first_day, view.intent.last_day};
  const std::int64_t rows = TRY(store::count_history(txn, view.intent.tenant, days));
  if (!takes_two(ports, view.intent, static_cast<std::uint64_t>(rows))) return {};
  return Error{Errc::refused, "there are more rows by now than one person may take; ask for another one (export ask)"};
}

Result<ExportStep> decide_fetch(const Ports& ports, store::Txn& txn, const ExportName& name,
                                const std::function<const std::string*(const store::Signer&)>& proved) {
  ExportView view = TRY(look_at_export(ports, txn, name));
  TRY(must_be(ports, view, ExportState::ready));
  TRY(check_stored(txn, view));
  TRY(check_second(ports, txn, view));
  const store::Signer requester = TRY(signer_for(txn, name.tenant, view.stored.requester));
  const std::string* const text = proved(requester);
  if (text == nullptr) {
    return Error{Errc::refused, "this is not the requester's signature of a challenge of now (export challenge)"};
  }
  view.state = ExportState::fetched;
  view.stored.state = flow::name(view.state);
  return ExportStep{std::move(view), requester.id, *text};
}

}  // namespace

std::string_view name(ExportState state) {
  switch (state) {
    case ExportState::asked: return "asked";
    case ExportState::requested: return "requested";
    case ExportState::approved: return "approved";
    case ExportState::ready: return "ready";
    case ExportState::fetched: return "fetched";
    case ExportState::vetoed: return "vetoed";
    case ExportState::expired: return "expired";
    case ExportState::dead: return "dead";
  }
  std::abort();
}

std::optional<ExportState> export_state(std::string_view text) {
  const auto found = std::ranges::find(kStates, text, [](ExportState state) { return name(state); });
  return found == kStates.end() ? std::nullopt : std::optional(*found);
}

bool takes_two(const Ports& ports, const history::ExportIntent& intent, std::uint64_t rows) {
  if (rows > static_cast<std::uint64_t>(ports.settings.exports.second_person_rows)) return true;
  return intent.keys != DayKeys::none && intent.last_day > intent.first_day;
}

Result<ExportView> ask_export(const Administration& by, const ExportDraft& draft) {
  Result<ExportView> asked = ask_once(by, draft);
  if (asked || asked.error().code == Errc::unavailable) return asked;
  return refuse_export({by, {draft.tenant, ""}, "export_ask", ledger::EventType::export_}, asked.error());
}

Result<ExportView> sign_export(const Administration& by, const ExportName& name, const Bytes& signature) {
  const ExportWork work{by, name, "export_request", ledger::EventType::export_};
  return take_step(work, [&](store::Txn& txn) -> Result<ExportStep> {
    ExportView view = TRY(look_at_export(by.ports, txn, name));
    TRY(must_be(by.ports, view, ExportState::asked));
    const store::Signer requester = TRY(signer_for(txn, name.tenant, view.stored.requester));
    TRY(check_signature(requester, view.stored.intent, signature));
    view.stored.signature = signature;
    if (takes_two(by.ports, view.intent, view.intent.rows)) {
      view.state = ExportState::requested;
      view.stored.state = flow::name(view.state);
    } else {
      complete(by.ports, view);
    }
    std::string proof = proof_of(requester, view.stored.intent, signature);
    return ExportStep{std::move(view), requester.id, std::move(proof)};
  });
}

Result<ExportView> approve_export(const Administration& by, const ExportName& name, const Signed& approval) {
  const ExportWork work{by, name, "export_approve", ledger::EventType::approve};
  return take_step(work, [&](store::Txn& txn) -> Result<ExportStep> {
    ExportView view = TRY(look_at_export(by.ports, txn, name));
    TRY(must_be(by.ports, view, ExportState::requested));
    const store::Signer approver = TRY(signer_for(txn, name.tenant, approval.signer));
    const store::Signer requester = TRY(signer_for(txn, name.tenant, view.stored.requester));
    if (approver.id == requester.id || approver.public_key == requester.public_key) {
      return Error{Errc::refused, "the second person must be another one, with a key of his own"};
    }
    if (approver.tenant != requester.tenant) {
      return Error{Errc::refused, "the second person must be of the first one's side, the tenant's or the operator's"};
    }
    TRY(check_signature(approver, view.stored.intent, approval.signature));
    view.stored.approver = approver.id;
    view.stored.approval = approval.signature;
    complete(by.ports, view);
    std::string proof = proof_of(approver, view.stored.intent, approval.signature);
    return ExportStep{std::move(view), approver.id, std::move(proof)};
  });
}

Result<ExportView> veto_export(const Administration& by, const ExportName& name, const std::optional<Signed>& veto) {
  const ExportWork work{by, name, "export_veto", ledger::EventType::config_change};
  return take_step(work, [&](store::Txn& txn) -> Result<ExportStep> {
    ExportStep out{TRY(look_at_export(by.ports, txn, name)), {}};
    const ExportState state = out.view.state;
    if (state == ExportState::fetched || state == ExportState::vetoed || state == ExportState::expired) {
      TRY(must_be(by.ports, out.view, ExportState::approved));
    }
    if (veto) {
      const store::Signer signer = TRY(signer_for(txn, name.tenant, veto->signer));
      const std::string text = history::export_veto(name.id, out.view.digest);
      TRY(check_signature(signer, text, veto->signature));
      out.signer = signer.id;
      out.proof = proof_of(signer, text, veto->signature);
    }
    out.view.state = ExportState::vetoed;
    out.view.stored.state = flow::name(out.view.state);
    return out;
  });
}

Result<std::string> export_challenge(const Ports& ports, const ExportName& name) {
  const ExportView view = TRY(find_export(ports, name));
  TRY(must_be(ports, view, ExportState::ready));
  return TRY(challenges(ports, view)).front();
}

Result<void> fetch_export(const Administration& by, const ExportName& name, const Bytes& proof,
                          const std::function<bool(std::string_view line)>& on_line) {
  const ExportWork work{by, name, "export_fetch", ledger::EventType::export_};
  const Result<ExportView> found = find_export(by.ports, name);
  if (!found) return refuse_export(work, found.error());
  const std::vector<std::string> texts = TRY(challenges(by.ports, *found));
  std::string proved;
  const ExportView view = TRY(take_step(work, [&](store::Txn& txn) {
    return decide_fetch(by.ports, txn, name, [&](const store::Signer& requester) -> const std::string* {
      const auto text = std::ranges::find_if(
          texts, [&](const std::string& one) { return check_signature(requester, one, proof).has_value(); });
      if (text == texts.end()) return nullptr;
      proved = proof_of(requester, *text, proof);
      return &proved;
    });
  }));
  Reader reader{.actor = ledger_actor(by.actor), .purpose = view.intent.purpose};
  reader.actor.id = view.intent.requester;
  reader.actor.session = view.intent.id;
  reader.case_reference = view.intent.case_reference;
  const ExportQuery query{name.tenant, {view.intent.first_day, view.intent.last_day}, view.intent.keys, view.digest};
  return export_history(by.ports, reader, query, on_line);
}

Result<ExportView> find_export(const Ports& ports, const ExportName& name) {
  return store::read(ports.store, [&](store::Txn& txn) { return look_at_export(ports, txn, name); });
}

Result<std::vector<ExportView>> exports(const Ports& ports, const TenantId& tenant, int limit) {
  constexpr std::chrono::hours kAhead{24};  // of a clock that was ahead
  const Instant until = ports.clock.now() + kAhead;
  return store::read(ports.store, [&](store::Txn& txn) -> Result<std::vector<ExportView>> {
    std::vector<ExportView> out;
    for (const store::StoredExport& one : TRY(store::exports_of(txn, tenant, until, limit))) {
      out.push_back(TRY(view_of_export(ports, txn, one)));
    }
    return out;
  });
}

}  // namespace countersign::flow
