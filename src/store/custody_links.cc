#include "store/custody_links.h"

namespace countersign::store {

Result<void> insert_custody_link(Txn& txn, const CustodyLink& link) {
  TRY(txn.change(Query::insert_custody_link, {link.digest, link.tenant, link.purpose, link.expires}));
  return {};
}

Result<std::optional<CustodyLink>> custody_link(Txn& txn, ByteView digest) {
  std::optional<CustodyLink> out;
  TRY(txn.rows(Query::custody_link, {digest}, [&](const Row& row) {
    const ByteView stored = row.bytes(0);
    out = CustodyLink{{stored.begin(), stored.end()}, row.id<TenantId>(1), std::string(row.text(2)), row.instant(3)};
  }));
  return out;
}

Result<bool> use_custody_link(Txn& txn, ByteView digest, Instant now) {
  return TRY(txn.change(Query::use_custody_link, {digest, now})) == 1;
}

Result<std::int64_t> delete_custody_links(Txn& txn, Instant now) {
  return txn.change(Query::delete_custody_links, {now});
}

}  // namespace countersign::store
