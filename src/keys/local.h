// The keys inside this process, from a root key file: the default, and the twin of the key process.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "core/base/random.h"
#include "core/base/time.h"
#include "core/crypto/aead.h"
#include "core/crypto/mac.h"
#include "keys/cache.h"
#include "keys/keys.h"
#include "keys/ring_history.h"
#include "keys/root_key.h"
#include "keys/root_source.h"

namespace countersign::keys {

inline constexpr std::size_t kCachedKeysMax = 4096;          // of each sort

// Every key is HKDF-SHA-256 of a root key over its purpose and, where it is one tenant's, the tenant. What is sealed
// names its root key, always the newest at that time:
//   seal()          version 2 ‖ root id(4) ‖ nonce(12, random) ‖ AES-256-GCM; associated data: tenant, table, column,
//                   row
// Version 1 names none and is opened with whichever of the list fits. Numbers of pushes and digests of tokens
// derive from the digest keys, which a rotation leaves alone (root_key.h).
class LocalKeys : public Keys {
  struct AppKeys;
  // A tenant's keys, and a place as associated data.
  struct Sealer {
    LocalKeys& keys;
    TenantId tenant;
    Bytes bound;
    Bytes seal(ByteView plain) const;
    Result<Secret> open(ByteView sealed) const;
  };

  // Shared: who seals may still hold the list that a rotation has just replaced.
  std::shared_ptr<const RootKeys> roots_;
  mutable std::mutex roots_mutex_;
  std::mutex changing_roots_;
  std::optional<RootSource> source_;  // where the list is kept; guarded by the line above
  Random& random_;
  std::shared_ptr<const AppKeys> nobody_;  // what a signature of an unknown application is checked against
  Cache<crypto::AeadKey> seal_keys_{kCachedKeysMax};
  Cache<crypto::MacKey> push_keys_{kCachedKeysMax};
  Cache<crypto::MacKey> token_keys_{kCachedKeysMax};
  Cache<AppKeys> app_keys_{kCachedKeysMax};
  const bool has_keyring_;
  RingHistory history_;

 public:
  struct Files {
    std::string root_key;
    std::string keyring;  // a directory, made on first use
    std::string root_source = "file";  // root_source.h
  };
  // `random` and `clock` must outlive the object; `random` must be safe for parallel use.
  LocalKeys(RootKeys roots, std::string keyring, Random& random, const Clock& clock);
  // Without a keyring: questions about history are answered unavailable.
  LocalKeys(RootKeys roots, Random& random);
  ~LocalKeys() override;

  // Errors as RootKeys::open.
  static Result<std::unique_ptr<LocalKeys>> open(const Files& files, Random& random, const Clock& clock);
  // For tests and tools: the keyring is `keyring` beside the root key's file, and its releases bear no time.
  static Result<std::unique_ptr<LocalKeys>> open(const std::string& root_key_file, Random& random);
  // Errors as RootKeys::create.
  static Result<void> create(const std::string& root_key_file, Random& random) {
    return RootKeys::create(root_key_file, random);
  }

  Result<Bytes> seal(const Place& place, const Secret& plain) override;
  Result<bool> verify_signature(const Application* app, crypto::HashKind hash, const Texts& texts,
                                ByteView mac) override;
  Result<Bytes> sign_token(const Application& app, std::string_view signing_input) override;
  Result<PasscodeMatch> match_passcode(const std::vector<Enrolment>& enrolments, const Secret& passcode,
                                       Instant now) override;
  Result<Bytes> resync(const Enrolment& enrolment, const Secret& code1, const Secret& code2,
                       const Secret& code3) override;
  Result<bool> verify_device_signature(const Enrolment& enrolment, std::string_view message,
                                       ByteView signature) override;
  Result<Assertion> verify_assertion(const Enrolment& enrolment, const factor::webauthn::Ceremony& ceremony,
                                     ByteView user_handle,
                                     const factor::webauthn::AuthenticationResponse& response) override;
  Result<factor::webauthn::Credential> credential_of(const Enrolment& enrolment) override;
  Result<std::string> push_number(const TenantId& tenant, const AttemptId& attempt, int digits) override;
  Result<Secret> unseal_number_for_send(const Phone& phone) override;
  Result<Secret> unseal(const Place& place, ByteView sealed) override;
  Result<Bytes> reseal(const Place& place, ByteView sealed) override;
  Result<Bytes> token_digest(std::string_view purpose, const Secret& token) override;

  Result<NewEpoch> begin_epoch(const EpochOrder& order) override { return history_.begin_epoch(order); }
  Result<void> prepare_month(const std::string& month, const std::vector<TenantId>& tenants) override {
    return history_.prepare_month(month, tenants);
  }
  Result<crypto::X25519PublicKey> make_tenant_key(const TenantId& t) override { return history_.make_tenant_key(t); }
  Result<void> forget_tenant_keys(const TenantId& t) override { return history_.forget_tenant_keys(t); }
  Result<Secret> release_epoch(const Release& why, const history::EpochHeader& header) override {
    return history_.release_epoch(why, header);
  }
  Result<std::uint32_t> tag_in_epoch(const history::EpochHeader& header, history::IndexedField field,
                                     std::string_view value) override {
    return history_.tag_in_epoch(header, field, value);
  }
  Result<Secret> release_day(const Release& why, std::int64_t day) override { return history_.release_day(why, day); }
  Result<void> shred_month(const TenantId& t, const std::string& month) override {
    return history_.shred_month(t, month);
  }
  Result<std::vector<std::string>> months_of(const TenantId& tenant) override { return history_.months_of(tenant); }
  Result<Bytes> ledger_key() override { return history_.ledger_key(); }
  Result<Bytes> sign_note(std::string_view text) override { return history_.sign_note(text); }
  Result<Bytes> share_key(const TenantId& tenant, const std::string& name) override;
  Result<void> adopt_key(const TenantId& tenant, const std::string& name, ByteView sealed) override;

  Result<RootList> root_keys() override;
  Result<std::string> add_root_key(Instant now) override;
  Result<void> know_root_key(const std::string& id) override;
  Result<void> use_root_key(const std::string& id) override;
  Result<void> drop_root_key(const std::string& id) override;

  // The keyring itself: for what prepares it, rewraps it or looks at it.
  Keyring& keyring() { return history_.ring(); }

 private:
  Result<Bytes> verify_passcode(const Enrolment& enrolment, const Secret& passcode, Instant now);
  std::shared_ptr<const RootKeys> roots() const;
  Result<void> keep(RootKeys list);
  Result<void> know(ByteView id);
  Sealer sealer(const Place& place);
  std::shared_ptr<const crypto::AeadKey> seal_key(const RootKey& root, const TenantId& tenant);
  std::shared_ptr<const crypto::MacKey> push_key(const TenantId& tenant);
  std::shared_ptr<const crypto::MacKey> token_key(std::string_view purpose);
  Result<std::shared_ptr<const AppKeys>> app_keys(const Application& app);
};

}  // namespace countersign::keys
