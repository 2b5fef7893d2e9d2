// The questions about history and the ledger, answered out of the keyring.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "core/crypto/sign.h"
#include "keys/cache.h"
#include "keys/history_keys.h"
#include "keys/keyring.h"
#include "keys/releases.h"

namespace countersign::keys {

inline constexpr std::size_t kTagKeysMax = 1024;

class RingHistory : public HistoryKeys {
  Keyring ring_;
  Random& random_;
  Releases releases_;
  Cache<Secret> tag_keys_{kTagKeysMax};  // of epochs, by their whole header
  std::mutex ledger_mutex_;
  std::unique_ptr<const crypto::Ed25519Key> ledger_;  // once asked for

 public:
  // `random` and `clock` must outlive the object.
  RingHistory(std::string folder, HeadKeys roots, Random& random, const Clock& clock);

  Keyring& ring() { return ring_; }
  // In clear what share_key and adopt_key carry sealed; errors as theirs.
  Result<Secret> key_to_share(const TenantId& tenant, const std::string& name);
  Result<void> adopt(const TenantId& tenant, const std::string& name, const Secret& key);

  Result<NewEpoch> begin_epoch(const EpochOrder& order) override;
  Result<void> prepare_month(const std::string& month, const std::vector<TenantId>& tenants) override;
  Result<crypto::X25519PublicKey> make_tenant_key(const TenantId& tenant) override;
  Result<void> forget_tenant_keys(const TenantId& tenant) override;
  Result<Secret> release_epoch(const Release& why, const history::EpochHeader& header) override;
  Result<std::uint32_t> tag_in_epoch(const history::EpochHeader& header, history::IndexedField field,
                                     std::string_view value) override;
  Result<Secret> release_day(const Release& why, std::int64_t day) override;
  Result<void> shred_month(const TenantId& tenant, const std::string& month) override;
  Result<std::vector<std::string>> months_of(const TenantId& tenant) override;
  Result<Bytes> ledger_key() override;
  Result<Bytes> sign_note(std::string_view text) override;

 private:
  Result<Secret> day_key(const TenantId& tenant, std::int64_t day);
  Result<Secret> epoch_key(const history::EpochHeader& header, const Secret& day_key);
  Result<const crypto::Ed25519Key*> ledger();
};

}  // namespace countersign::keys
