// Users, groups, phones and enrolments.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/identity/enrolment.h"
#include "core/identity/user.h"
#include "store/store.h"

namespace countersign::store {

Result<void> insert_user(Txn& txn, const User& user);                             // conflict: the username is taken
// By the canonical form of the name (core/identity/user.h); groups are filled in.
Result<std::optional<User>> user_by_name(Txn& txn, const TenantId& tenant, std::string_view canonical);
Result<std::optional<User>> user_by_id(Txn& txn, const TenantId& tenant, const UserId& id);
// In order of username, after `after` (empty: from the start).
Result<std::vector<User>> users_page(Txn& txn, const TenantId& tenant, std::string_view after, int limit);
Result<bool> update_user(Txn& txn, const User& user);                         // profile and status, on the version read
Result<bool> delete_user(Txn& txn, const TenantId& tenant, const UserId& id);   // with all that is his but incidents

// Adds one failure and returns the count after it; locks at `threshold`. Relative, so that parallel failures all count.
Result<int> add_failure(Txn& txn, const TenantId& tenant, const UserId& id, int threshold, Instant now);
// Forgets failures and lock.
Result<void> clear_failures(Txn& txn, const TenantId& tenant, const UserId& id);
// Status, failures, lock and protection alone, read again inside a write (nullopt: gone).
struct UserGate {
  UserStatus status;
  Failures failures;
  std::optional<Instant> protected_at{};
};
Result<std::optional<UserGate>> user_gate(Txn& txn, const TenantId& tenant, const UserId& id);
Result<void> touch_login(Txn& txn, const TenantId& tenant, const UserId& id, Instant when);

Result<void> insert_group(Txn& txn, const Group& group);                          // conflict: the name is taken
Result<std::optional<Group>> group_by_id(Txn& txn, const TenantId& tenant, const GroupId& id);
Result<std::optional<Group>> group_by_name(Txn& txn, const TenantId& tenant, std::string_view name);
Result<std::vector<Group>> groups(Txn& txn, const TenantId& tenant);
Result<bool> update_group(Txn& txn, const Group& group);
Result<void> join_group(Txn& txn, const TenantId& tenant, const GroupId& group, const UserId& user);
Result<bool> leave_group(Txn& txn, const TenantId& tenant, const GroupId& group, const UserId& user);
Result<std::vector<Group>> groups_of(Txn& txn, const TenantId& tenant, const UserId& user);

Result<void> insert_phone(Txn& txn, const Phone& phone);
Result<std::optional<Phone>> phone_by_id(Txn& txn, const TenantId& tenant, const PhoneId& id);
// By id alone: a device names itself so when it signs. Ids are unique everywhere.
Result<std::optional<Phone>> phone_of_device(Txn& txn, const PhoneId& id);
Result<std::vector<Phone>> phones_of(Txn& txn, const TenantId& tenant, const UserId& user);   // oldest first
Result<bool> update_phone(Txn& txn, const Phone& phone);                          // on the version read
Result<bool> delete_phone(Txn& txn, const TenantId& tenant, const PhoneId& id);   // with its enrolments

Result<void> insert_enrolment(Txn& txn, const Enrolment& enrolment);
Result<std::optional<Enrolment>> enrolment_by_id(Txn& txn, const TenantId& tenant, const EnrolmentId& id);
Result<std::vector<Enrolment>> enrolments_of(Txn& txn, const TenantId& tenant, const UserId& user);  // oldest first
Result<std::optional<Enrolment>> enrolment_of_phone(Txn& txn, const TenantId& tenant, const PhoneId& phone,
                                                    std::string_view kind);
// The next state, on the version read: false when somebody was faster (the flow reads and asks again).
Result<bool> advance_enrolment(Txn& txn, const Enrolment& read, ByteView sealed_next, Instant now);
// Another label, on the version read.
Result<bool> relabel_enrolment(Txn& txn, const Enrolment& read, std::string_view label);
Result<bool> delete_enrolment(Txn& txn, const TenantId& tenant, const EnrolmentId& id);
// Deletes all of that kind; bypass codes are replaced so.
Result<void> delete_enrolments(Txn& txn, const TenantId& tenant, const UserId& user, std::string_view kind);

}  // namespace countersign::store
