// Lineage: which credential made which (security.md §2.4). Written in the transaction in which a credential comes into
// being, so that none is without a parent in `incident scope` and `kill --tree`.
#pragma once

#include <string>

#include "core/identity/enrolment.h"
#include "core/identity/user.h"
#include "store/ledger.h"

namespace countersign::flow {

// The kinds of grants.
inline constexpr std::string_view kMadeApplication = "application", kMadeSession = "session", kMadeFactor = "factor",
                                  kMadePhone = "phone", kMadeVisit = "visit", kMadeSigner = "signer",
                                  kMadeExport = "export", kOperatorCredential = "operator";

// An operator's credential is the account at the other end of the control socket: "uid:0".
inline constexpr std::string_view kOperatorPrefix = "uid:";

inline Result<void> note_factor(store::Txn& txn, const Enrolment& made, std::string_view parent) {
  return store::insert_grant(txn, {.id = made.id.text(),
                                   .parent = std::string(parent),
                                   .kind = std::string(kMadeFactor),
                                   .tenant = made.tenant,
                                   .made = made.created});
}

inline Result<void> note_phone(store::Txn& txn, const Phone& made, std::string_view parent) {
  return store::insert_grant(txn, {.id = made.id.text(),
                                   .parent = std::string(parent),
                                   .kind = std::string(kMadePhone),
                                   .tenant = made.tenant,
                                   .made = made.created});
}

}  // namespace countersign::flow
