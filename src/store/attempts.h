// Attempts (Duo: transactions, txid), activation codes, remembered devices.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "store/store.h"

namespace countersign::store {

// An attempt as stored; core/signin/attempt.h gives state and status their meaning.
struct StoredAttempt {
  TenantId tenant;
  AttemptId id;
  AppId app;
  UserId user;
  PhoneId phone;          // whom a push was sent to; empty: none
  std::string state;      // "open" while it waits, else the name of its end
  Bytes sealed_context;   // service class: everything else (address, texts, …) as core/signin encodes it
  Instant created{};
  Instant expires{};
  std::int64_t version = 0;
};

// conflict: this user has another open attempt (a partial unique index over (tenant, user) where state = 'open').
Result<void> insert_attempt(Txn& txn, const StoredAttempt& attempt);
Result<std::optional<StoredAttempt>> attempt_by_id(Txn& txn, const TenantId& tenant, const AttemptId& id);
Result<std::optional<StoredAttempt>> open_attempt_of(Txn& txn, const TenantId& tenant, const UserId& user);
Result<std::vector<StoredAttempt>> open_attempts_of_phone(Txn& txn, const TenantId& tenant, const PhoneId& phone);
// State, phone, context, expiry; on the version read.
Result<bool> update_attempt(Txn& txn, const StoredAttempt& attempt);
// Open attempts whose time is over, of every tenant, oldest first.
Result<std::vector<StoredAttempt>> run_out_attempts(Txn& txn, Instant now, int limit);
Result<std::int64_t> delete_attempts_before(Txn& txn, Instant expired_before, int limit);

// A code that binds an authenticator to a phone, found by its keyed digest; works once.
struct Activation {
  TenantId tenant;
  Bytes digest;
  UserId user;
  PhoneId phone;
  Instant expires{};
  std::optional<Instant> used;
};
Result<void> insert_activation(Txn& txn, const Activation& activation);
Result<std::optional<Activation>> activation_by_digest(Txn& txn, ByteView digest);
// Marks it used; false when it was used already.
Result<bool> use_activation(Txn& txn, const Activation& activation, Instant now);

// A remembered device (Duo: trusted_device_token), found by the keyed digest of its token.
struct RememberedDevice {
  TenantId tenant;
  Bytes digest;
  UserId user;
  AppId app;
  Instant expires{};
};
Result<void> insert_remembered(Txn& txn, const RememberedDevice& device);
Result<std::optional<RememberedDevice>> remembered_by_digest(Txn& txn, const TenantId& tenant, ByteView digest);
Result<void> forget_remembered(Txn& txn, const TenantId& tenant, const UserId& user);

}  // namespace countersign::store
