// The questions about history and the ledger: part of the wall (keys.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/x25519.h"
#include "core/history/blind_index.h"
#include "core/history/epoch.h"

namespace countersign::keys {

struct EpochOrder {
  TenantId tenant;
  std::int64_t day = 0;
  std::string writer;
  std::uint8_t tag_bits = 0;
  std::vector<crypto::X25519PublicKey> recipients;  // who can open it, with the day's key
};

struct NewEpoch {
  history::EpochHeader header;
  Secret key;  // for the writer, for as long as the epoch is open
};

// What keys are called that nodes share.
inline constexpr std::string_view kLedgerName = "ledger";
inline constexpr std::string_view kPairPrefix = "pair-";
std::string pair_name(const crypto::X25519PublicKey& key);

// On whose behalf a key is released; goes into the key side's own list of releases.
struct Release {
  TenantId tenant;
  std::string credential;
  std::string purpose;
};

// Thread-safe. Every call: unavailable when the keys are away.
class HistoryKeys {
 public:
  virtual ~HistoryKeys() = default;

  // A new epoch of random id and key. Makes the tenant's key of that month where there is none, durable first.
  // refused: that month was shredded, or a recipient is no key.
  virtual Result<NewEpoch> begin_epoch(const EpochOrder& order) = 0;
  // Makes the keys of a month for tenants that have none, in one write; so that a new month begins smoothly.
  virtual Result<void> prepare_month(const std::string& month, const std::vector<TenantId>& tenants) = 0;

  // Custody service: makes a key pair for the tenant and keeps its private half; the older ones stay for older rows.
  virtual Result<crypto::X25519PublicKey> make_tenant_key(const TenantId& tenant) = 0;
  // Custody tenant: forgets the private halves; older rows open no more except by other recipients.
  virtual Result<void> forget_tenant_keys(const TenantId& tenant) = 0;

  // Custody service: the key of an epoch, for reading its rows. In the list of releases before the answer.
  // refused: altered, or moved; or wrapped to nobody whose private half is here (custody tenant).
  // not_found: its month's key was destroyed, or is in another keyring.
  virtual Result<Secret> release_epoch(const Release& why, const history::EpochHeader& header) = 0;
  // The tag that a value has in that epoch; no key leaves. Errors as above.
  virtual Result<std::uint32_t> tag_in_epoch(const history::EpochHeader& header, history::IndexedField field,
                                             std::string_view value) = 0;
  // The key of one day, for a recipient outside. In the list of releases before the answer.   not_found: as above.
  virtual Result<Secret> release_day(const Release& why, std::int64_t day) = 0;

  // Destroys the key of a tenant's month for good, on disk before the answer.   not_found: there is none.
  virtual Result<void> shred_month(const TenantId& tenant, const std::string& month) = 0;
  // The months that still open, "2026-03", oldest first.
  virtual Result<std::vector<std::string>> months_of(const TenantId& tenant) = 0;

  // The public half of the ledger's signing key (Ed25519, 32 bytes).
  virtual Result<Bytes> ledger_key() = 0;
  // Signs the text of a note (C2SP signed-note).   malformed: its first line does not begin with "countersign/", or it
  // does not end with a line end.
  virtual Result<Bytes> sign_note(std::string_view text) = 0;
};

}  // namespace countersign::keys
