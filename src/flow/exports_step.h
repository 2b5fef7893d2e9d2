// One step of an export: looked at, decided, written on the condition that nothing changed, and recorded either way.
// For flow/exports*.cc alone.
#pragma once

#include "core/ledger/event.h"
#include "flow/exports.h"

namespace countersign::flow {

// What a step comes to. It is decided twice: to know what is to be recorded, and in the transaction that writes.
struct ExportStep {
  ExportView view;      // as it is to be stored
  std::string signer;   // whose signature it rests on; "": nobody's
  std::string proof{};  // for the ledger: what was signed, by which key; canonical JSON
};

struct ExportWork {
  const Administration& by;
  const ExportName& name;
  std::string action;  // export_request, …
  ledger::EventType type;
};

using DecideExport = std::function<Result<ExportStep>(store::Txn& txn)>;

// An export as it stands now.   refused: it was altered in the database.
Result<ExportView> view_of_export(const Ports& ports, store::Txn& txn, const store::StoredExport& stored);
// not_found: none, or another tenant's.
Result<ExportView> look_at_export(const Ports& ports, store::Txn& txn, const ExportName& name);
// refused: it is in another state, and what that means; or the clock stands before it was asked for.
Result<void> must_be(const Ports& ports, const ExportView& view, ExportState state);

Result<ExportView> take_step(const ExportWork& work, const DecideExport& decide);

// A refusal as an event, before whoever asked hears of it; an export that was found run out stays so, whatever the
// clock does.
Error refuse_export(const ExportWork& work, const Error& why);

// refused: not this signer's signature over exactly these bytes.
Result<void> check_signature(const store::Signer& signer, std::string_view text, const Bytes& signature);
// What is kept in the ledger of a signature, so that it can be checked with the ledger alone.
std::string proof_of(const store::Signer& signer, std::string_view text, const Bytes& signature);

}  // namespace countersign::flow
