// Phones and enrolments of store/users.h.
#include "store/users.h"

namespace countersign::store {
namespace {

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

Phone phone_of(const Row& row) {
  return Phone{.tenant = row.id<TenantId>(0),
               .id = row.id<PhoneId>(2),
               .user = row.id<UserId>(1),
               .name = std::string(row.text(3)),
               .platform = std::string(row.text(4)),
               .masked = std::string(row.text(5)),
               .sealed_number = copy(row.bytes(6)),
               .activated = row.integer(7) != 0,
               .created = row.instant(8),
               .last_seen = row.maybe_instant(9),
               .version = row.integer(10)};
}

Enrolment enrolment_of(const Row& row) {
  return Enrolment{.tenant = row.id<TenantId>(0),
                   .id = row.id<EnrolmentId>(2),
                   .user = row.id<UserId>(1),
                   .kind = std::string(row.text(3)),
                   .phone = row.id<PhoneId>(4),
                   .label = std::string(row.text(5)),
                   .sealed_state = copy(row.bytes(6)),
                   .created = row.instant(7),
                   .last_used = row.maybe_instant(8),
                   .version = row.integer(9)};
}

Result<std::optional<Phone>> one_phone(Txn& txn, Query query, Params params) {
  std::optional<Phone> out;
  TRY(txn.rows(query, params, [&](const Row& row) { out = phone_of(row); }));
  return out;
}

Result<std::optional<Enrolment>> one_enrolment(Txn& txn, Query query, Params params) {
  std::optional<Enrolment> out;
  TRY(txn.rows(query, params, [&](const Row& row) { out = enrolment_of(row); }));
  return out;
}

}  // namespace

Result<void> insert_phone(Txn& txn, const Phone& phone) {
  TRY(txn.change(Query::insert_phone,
                 {phone.tenant, phone.user, phone.id, phone.name, phone.platform, phone.masked, phone.sealed_number,
                  phone.activated, phone.created, phone.last_seen, phone.version}));
  return {};
}

Result<std::optional<Phone>> phone_by_id(Txn& txn, const TenantId& tenant, const PhoneId& id) {
  return one_phone(txn, Query::phone_by_id, {tenant, id});
}

Result<std::optional<Phone>> phone_of_device(Txn& txn, const PhoneId& id) {
  return one_phone(txn, Query::phone_of_device, {id});
}

Result<std::vector<Phone>> phones_of(Txn& txn, const TenantId& tenant, const UserId& user) {
  std::vector<Phone> out;
  TRY(txn.rows(Query::phones_of, {tenant, user}, [&](const Row& row) { out.push_back(phone_of(row)); }));
  return out;
}

Result<bool> update_phone(Txn& txn, const Phone& phone) {
  const std::int64_t changed =
      TRY(txn.change(Query::update_phone, {phone.tenant, phone.id, phone.version, phone.name, phone.platform,
                                           phone.masked, phone.sealed_number, phone.activated, phone.last_seen}));
  return changed == 1;
}

Result<bool> delete_phone(Txn& txn, const TenantId& tenant, const PhoneId& id) {
  const std::int64_t changed = TRY(txn.change(Query::delete_phone, {tenant, id}));
  if (changed == 1 && !id.empty()) {
    TRY(txn.change(Query::delete_phone_credentials, {tenant, id}));
    TRY(txn.change(Query::delete_phone_enrolments, {tenant, id}));
    TRY(txn.change(Query::delete_subscription, {tenant, id}));
  }
  return changed == 1;
}

Result<void> insert_enrolment(Txn& txn, const Enrolment& enrolment) {
  TRY(txn.change(Query::insert_enrolment,
                 {enrolment.tenant, enrolment.user, enrolment.id, enrolment.kind, enrolment.phone, enrolment.label,
                  enrolment.sealed_state, enrolment.created, enrolment.last_used, enrolment.version}));
  return {};
}

Result<std::optional<Enrolment>> enrolment_by_id(Txn& txn, const TenantId& tenant, const EnrolmentId& id) {
  return one_enrolment(txn, Query::enrolment_by_id, {tenant, id});
}

Result<std::vector<Enrolment>> enrolments_of(Txn& txn, const TenantId& tenant, const UserId& user) {
  std::vector<Enrolment> out;
  TRY(txn.rows(Query::enrolments_of, {tenant, user}, [&](const Row& row) { out.push_back(enrolment_of(row)); }));
  return out;
}

Result<std::optional<Enrolment>> enrolment_of_phone(Txn& txn, const TenantId& tenant, const PhoneId& phone,
                                                    std::string_view kind) {
  return one_enrolment(txn, Query::enrolment_of_phone, {tenant, phone, kind});
}

Result<bool> advance_enrolment(Txn& txn, const Enrolment& read, ByteView sealed_next, Instant now) {
  const std::int64_t changed = TRY(txn.change(
      Query::advance_enrolment, {read.tenant, read.user, read.id, read.version, sealed_next, now}));
  return changed == 1;
}

Result<bool> relabel_enrolment(Txn& txn, const Enrolment& read, std::string_view label) {
  return TRY(txn.change(Query::relabel_enrolment, {read.tenant, read.user, read.id, read.version, label})) == 1;
}

Result<bool> delete_enrolment(Txn& txn, const TenantId& tenant, const EnrolmentId& id) {
  TRY(txn.change(Query::delete_credential_of, {tenant, id}));
  const std::int64_t changed = TRY(txn.change(Query::delete_enrolment, {tenant, id}));
  return changed == 1;
}

Result<void> delete_enrolments(Txn& txn, const TenantId& tenant, const UserId& user, std::string_view kind) {
  TRY(txn.change(Query::delete_kind_credentials, {tenant, user, kind}));
  TRY(txn.change(Query::delete_enrolments, {tenant, user, kind}));
  return {};
}

}  // namespace countersign::store
