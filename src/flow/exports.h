// Exports of history as jobs (security.md §2.6, §3.2 rules 7 and 8): asked for, signed by who wants it, signed by a
// second person where it is large, open to its tenant's veto, and fetched once by who signed. Days' keys leave in no
// other way. Each step, and each that was refused, is in the tenant's ledger; requests are in its history too.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/history/export_intent.h"
#include "flow/administer.h"
#include "flow/export_history.h"
#include "store/breach.h"

namespace countersign::flow {

inline constexpr std::int64_t kOpenExportsMax = 16;        // of one tenant
inline constexpr std::chrono::minutes kExportSigning{30};  // all signatures, from when it was asked for
inline constexpr std::chrono::hours kExportReady{24};      // then it is not fetched any more
inline constexpr std::chrono::minutes kChallengeLife{15};  // at most

enum class ExportState {
  asked,      // nobody has signed
  requested,  // signed; waits for a second person
  approved,   // every signature is there; its tenant may stop it
  ready,      // to be fetched
  fetched,    // or begun to be: there is no second time
  vetoed,
  expired,
  dead,  // who signed it, or the export itself, was killed
};
std::string_view name(ExportState state);
std::optional<ExportState> export_state(std::string_view name);

struct ExportView {
  store::StoredExport stored;
  history::ExportIntent intent;
  std::string digest;  // hex SHA-256 of the intent
  ExportState state = ExportState::asked;
};

struct ExportDraft {
  TenantId tenant;
  store::DayRange days;
  DayKeys keys = DayKeys::none;
  std::string requester;  // a signer's id
  std::string purpose, case_reference;
};

// An export is found with its tenant alone.
struct ExportName {
  TenantId tenant;
  std::string id;
};

// Who signed, and what came of it: r ‖ s, 64 bytes.
struct Signed {
  std::string signer;
  Bytes signature;
};

// All of these wait for their commit. Of an export that is not there, or another tenant's: not_found. What is refused
// is recorded as denied, and why.

// Counts the rows and makes the intent to sign.
// malformed: the days or texts.   refused: nobody of this id may sign.   exhausted: 16 are open.
Result<ExportView> ask_export(const Administration& by, const ExportDraft& draft);
// By the requester.   refused: another key, another text, too late, or not asked for any more.
Result<ExportView> sign_export(const Administration& by, const ExportName& name, const Bytes& signature);
// By somebody else of the requester's side. The same errors.
Result<ExportView> approve_export(const Administration& by, const ExportName& name, const Signed& approval);
// Until it is fetched. Without a signature it is the operator's own doing; with one it must be of who may sign.
Result<ExportView> veto_export(const Administration& by, const ExportName& name, const std::optional<Signed>& veto);
// What the requester signs to fetch it; another text after 5 minutes, good for 10 to 15.   refused: not ready.
Result<std::string> export_challenge(const Ports& ports, const ExportName& name);
// Once: whoever comes second, or again after it broke off, is refused. Lines and other errors are export_history's.
Result<void> fetch_export(const Administration& by, const ExportName& name, const Bytes& proof,
                          const std::function<bool(std::string_view line)>& on_line);

Result<ExportView> find_export(const Ports& ports, const ExportName& name);
// Newest first, at most `limit`.
Result<std::vector<ExportView>> exports(const Ports& ports, const TenantId& tenant, int limit);

// Whether a second person must sign.
bool takes_two(const Ports& ports, const history::ExportIntent& intent, std::uint64_t rows);

}  // namespace countersign::flow
