#include "store/sealed.h"

#include "core/codec/hex.h"

namespace countersign::store {
namespace {

constexpr SealedColumn kColumns[] = {
    {"apps", "secret_key", "sealed_secret", KeyKind::text, Query::sealed_apps, Query::reseal_apps},
    {"phones", "number", "sealed_number", KeyKind::text, Query::sealed_phones, Query::reseal_phones},
    {"enrolments", "state", "sealed_state", KeyKind::text, Query::sealed_enrolments, Query::reseal_enrolments},
    {"attempts", "context", "sealed_context", KeyKind::text, Query::sealed_attempts, Query::reseal_attempts},
    {"visits", "context", "sealed_context", KeyKind::text, Query::sealed_visits, Query::reseal_visits},
    {"sessions", "context", "sealed_context", KeyKind::digest, Query::sealed_sessions, Query::reseal_sessions},
    {"incidents", "evidence", "sealed_evidence", KeyKind::text, Query::sealed_incidents, Query::reseal_incidents},
    {"notices", "text", "sealed_text", KeyKind::text, Query::sealed_notices, Query::reseal_notices},
    {"subscriptions", "subscription", "sealed_subscription", KeyKind::text, Query::sealed_subscriptions,
     Query::reseal_subscriptions},
    {"scopes", "result", "sealed_result", KeyKind::text, Query::sealed_scopes, Query::reseal_scopes},
    {"key_exchange", "key", "sealed_key", KeyKind::text, Query::sealed_key_exchange, Query::reseal_key_exchange},
    {"tenant_contacts", "address", "sealed_address", KeyKind::text, Query::sealed_tenant_contacts,
     Query::reseal_tenant_contacts},
    {"mails", "content", "sealed_content", KeyKind::text, Query::sealed_mails, Query::reseal_mails},
    {"server_values", "value", "value", KeyKind::text, Query::sealed_server_values, Query::reseal_server_values},
};

Param key_of(const SealedColumn& column, const SealedCursor& cursor) {
  switch (column.key) {
    case KeyKind::text: return text_of(cursor.key);
    case KeyKind::digest: return ByteView(cursor.key);
  }
  std::abort();
}

Bytes key_bytes(const SealedColumn& column, const Row& row) {
  const ByteView key = column.key == KeyKind::digest ? row.bytes(2) : bytes_of(row.text(2));
  return Bytes(key.begin(), key.end());
}

}  // namespace

std::span<const SealedColumn> sealed_columns() { return kColumns; }

Result<std::vector<SealedValue>> sealed_page(Txn& txn, const SealedColumn& column, const SealedCursor& after,
                                             int limit) {
  std::vector<SealedValue> out;
  TRY(txn.rows(column.page, {after.tenant, after.owner, key_of(column, after), limit}, [&](const Row& row) {
    SealedValue value;
    value.at = {std::string(row.text(0)), std::string(row.text(1)), key_bytes(column, row)};
    value.tenant = row.id<TenantId>(0);
    value.row = column.key == KeyKind::digest ? codec::to_hex(value.at.key) : std::string(text_of(value.at.key));
    const ByteView sealed = row.bytes(3);
    value.sealed.assign(sealed.begin(), sealed.end());
    out.push_back(std::move(value));
  }));
  return out;
}

Result<bool> replace_sealed(Txn& txn, const SealedColumn& column, const SealedValue& read, ByteView sealed) {
  const std::int64_t changed =
      TRY(txn.change(column.update, {read.at.tenant, read.at.owner, key_of(column, read.at), read.sealed, sealed}));
  return changed == 1;
}

Result<void> put_server_value(Txn& txn, std::string_view name, ByteView value) {
  TRY(txn.change(Query::put_server_value, {name, value}));
  return {};
}

}  // namespace countersign::store
