#include "store/key_exchange.h"

namespace countersign::store {
namespace {

Bytes copied(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

}  // namespace

Result<std::optional<SharedKey>> shared_key(Txn& txn, const TenantId& tenant, std::string_view name) {
  std::optional<SharedKey> out;
  TRY(txn.rows(Query::shared_key, {tenant, name},
               [&](const Row& row) { out = SharedKey{tenant, std::string(name), copied(row.bytes(0))}; }));
  return out;
}

Result<std::vector<SharedKey>> shared_keys_of(Txn& txn, const TenantId& tenant) {
  std::vector<SharedKey> out;
  TRY(txn.rows(Query::shared_keys_of, {tenant}, [&](const Row& row) {
    out.push_back({tenant, std::string(row.text(0)), copied(row.bytes(1))});
  }));
  return out;
}

Result<void> insert_shared_key(Txn& txn, const SharedKey& key) {
  TRY(txn.change(Query::insert_shared_key, {key.tenant, key.name, key.sealed}));
  return {};
}

Result<void> destroy_shared_key(Txn& txn, const TenantId& tenant, std::string_view name) {
  TRY(txn.change(Query::destroy_shared_key, {tenant, name, ByteView()}));
  return {};
}

Result<void> delete_shared_pairs(Txn& txn, const TenantId& tenant) {
  TRY(txn.change(Query::delete_shared_pairs, {tenant}));
  return {};
}

Result<std::vector<SharedKey>> destroyed_keys(Txn& txn, const SharedKey& after, int limit) {
  std::vector<SharedKey> out;
  TRY(txn.rows(Query::destroyed_keys, {after.tenant, after.name, limit}, [&](const Row& row) {
    out.push_back({row.id<TenantId>(0), std::string(row.text(1)), {}});
  }));
  return out;
}

}  // namespace countersign::store
