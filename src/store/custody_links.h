// Links with which a tenant sets up its own keys: found by the digest of their token, used once.
#pragma once

#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "store/store.h"

namespace countersign::store {

struct CustodyLink {
  Bytes digest;         // keyed, of the token
  TenantId tenant;
  std::string purpose;  // slot: makes the tenant's key, or adds a passkey to it; renew: makes another key
  Instant expires{};
};
Result<void> insert_custody_link(Txn& txn, const CustodyLink& link);
// As stored, also when its time is over.
Result<std::optional<CustodyLink>> custody_link(Txn& txn, ByteView digest);
// Once: false where it was used or its time is over.
Result<bool> use_custody_link(Txn& txn, ByteView digest, Instant now);
// Those whose time is over; how many there were.
Result<std::int64_t> delete_custody_links(Txn& txn, Instant now);

}  // namespace countersign::store
