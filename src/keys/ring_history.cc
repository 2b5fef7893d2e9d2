#include "keys/ring_history.h"

#include <utility>

#include "core/codec/hex.h"
#include "core/crypto/equal.h"
#include "keys/wiped.h"

namespace countersign::keys {
namespace {

constexpr std::int64_t kDayMax = 2'932'896;  // 9999-12-31
constexpr std::string_view kNoteBegin = "countersign/";

Result<std::string> month_of(std::int64_t day) {
  if (day < 0 || day > kDayMax) return Error{Errc::malformed, "a day outside 1970 to 9999"};
  return history::month_of(day);
}

}  // namespace

std::string pair_name(const crypto::X25519PublicKey& key) {
  return std::string(kPairPrefix) + codec::to_hex(history::recipient_id(key));
}

RingHistory::RingHistory(std::string folder, HeadKeys roots, Random& random, const Clock& clock)
    : ring_(std::move(folder), std::move(roots), random), random_(random), releases_(ring_.folder(), clock) {}

Result<NewEpoch> RingHistory::begin_epoch(const EpochOrder& order) {
  const std::string month = TRY(month_of(order.day));
  NewEpoch out;
  out.header.tenant = order.tenant;
  out.header.day = order.day;
  out.header.writer = order.writer;
  out.header.tag_bits = order.tag_bits;
  random_.fill(out.header.id);
  const Wiped key(random_bytes(random_, history::kEpochKeySize));
  out.key = Secret(key.view());
  const Secret month_key = TRY(ring_.make_month_key(order.tenant, month));
  const Secret day = history::day_key(month_key.reveal_bytes(), order.day);
  TRY(history::wrap(out.header, out.key, order.recipients, day.reveal_bytes(), random_));
  return out;
}

Result<void> RingHistory::prepare_month(const std::string& month, const std::vector<TenantId>& tenants) {
  return ring_.prepare_month(month, tenants);
}

Result<crypto::X25519PublicKey> RingHistory::make_tenant_key(const TenantId& tenant) {
  const crypto::X25519Key made = crypto::X25519Key::generate(random_);
  TRY(ring_.add_tenant_key(tenant, made.scalar()));
  return made.public_key();
}

Result<void> RingHistory::forget_tenant_keys(const TenantId& tenant) {
  tag_keys_.clear();
  return ring_.forget_tenant_keys(tenant);
}

Result<Secret> RingHistory::day_key(const TenantId& tenant, std::int64_t day) {
  const std::string month = TRY(month_of(day));
  Result<Secret> month_key = ring_.month_key(tenant, month);
  if (!month_key) {
    tag_keys_.clear();  // another process may have destroyed it
    return month_key;
  }
  return history::day_key(month_key->reveal_bytes(), day);
}

Result<Secret> RingHistory::epoch_key(const history::EpochHeader& header, const Secret& day_key) {
  for (const Secret& scalar : TRY(ring_.tenant_keys(header.tenant))) {
    const crypto::X25519Key ours = TRY(crypto::X25519Key::from_bytes(scalar.reveal_bytes()));
    Result<Secret> key = history::unwrap(header, ours, day_key.reveal_bytes());
    if (key || key.error().code != Errc::not_found) return key;
  }
  return Error{Errc::refused, "this epoch is sealed to keys that are not kept here"};
}

Result<Secret> RingHistory::release_epoch(const Release& why, const history::EpochHeader& header) {
  if (why.tenant != header.tenant) return Error{Errc::refused, "an epoch of another tenant"};
  const Secret day = TRY(day_key(header.tenant, header.day));
  Secret key = TRY(epoch_key(header, day));
  TRY(releases_.note(why, {"epoch", header.day, codec::to_hex(header.id)}));
  return key;
}

Result<std::uint32_t> RingHistory::tag_in_epoch(const history::EpochHeader& header, history::IndexedField field,
                                                std::string_view value) {
  if (header.tag_bits < history::kTagBitsMin || header.tag_bits > history::kTagBitsMax) {
    return Error{Errc::malformed, "an epoch without tags"};
  }
  const Secret day = TRY(day_key(header.tenant, header.day));  // also where the tag's key is known: it may be destroyed
  const Bytes encoded = history::encode(header);
  auto known = tag_keys_.find(text_of(encoded));
  if (!known) {
    const Secret key = TRY(epoch_key(header, day));
    known = std::make_shared<const Secret>(history::index_key(key));
    tag_keys_.put(text_of(encoded), known);
  }
  return history::tag(*known, field, value, header.tag_bits);
}

Result<Secret> RingHistory::release_day(const Release& why, std::int64_t day) {
  Secret key = TRY(day_key(why.tenant, day));
  TRY(releases_.note(why, {"day", day, ""}));
  return key;
}

Result<void> RingHistory::shred_month(const TenantId& tenant, const std::string& month) {
  tag_keys_.clear();
  TRY(ring_.shred_month(tenant, month));
  tag_keys_.clear();  // of a question that was under way
  return {};
}

Result<Secret> RingHistory::key_to_share(const TenantId& tenant, const std::string& name) {
  if (is_month(name)) return ring_.make_month_key(tenant, name);
  if (name == kLedgerName && tenant.empty()) return ring_.ledger_seed();
  for (Secret& scalar : TRY(ring_.tenant_keys(tenant))) {
    const crypto::X25519Key ours = TRY(crypto::X25519Key::from_bytes(scalar.reveal_bytes()));
    if (pair_name(ours.public_key()) == name) return std::move(scalar);
  }
  return Error{Errc::not_found, "no key of that name is kept here"};
}

Result<void> RingHistory::adopt(const TenantId& tenant, const std::string& name, const Secret& key) {
  if (key.size() != kFileSecretSize) return Error{Errc::malformed, "a shared key has 32 bytes"};
  if (is_month(name)) return ring_.put_month_key(tenant, name, key);
  if (name == kLedgerName && tenant.empty()) {
    TRY(ring_.put_ledger_seed(key));
    const std::lock_guard lock(ledger_mutex_);
    if (!ledger_ || !crypto::equal(ledger_->seed().reveal_bytes(), key.reveal_bytes())) ledger_.reset();
    return {};
  }
  const crypto::X25519Key pair = TRY(crypto::X25519Key::from_bytes(key.reveal_bytes()));
  if (pair_name(pair.public_key()) != name) return Error{Errc::malformed, "a shared key of another name"};
  for (const Secret& known : TRY(ring_.tenant_keys(tenant))) {
    if (crypto::equal(known.reveal_bytes(), key.reveal_bytes())) return {};
  }
  return ring_.add_tenant_key(tenant, key);
}

Result<std::vector<std::string>> RingHistory::months_of(const TenantId& tenant) { return ring_.months_of(tenant); }

Result<const crypto::Ed25519Key*> RingHistory::ledger() {
  const std::lock_guard lock(ledger_mutex_);
  if (!ledger_) {
    const Secret seed = TRY(ring_.ledger_seed());
    ledger_ = std::make_unique<const crypto::Ed25519Key>(TRY(crypto::Ed25519Key::from_seed(seed.reveal_bytes())));
  }
  return ledger_.get();
}

Result<Bytes> RingHistory::ledger_key() {
  const crypto::Ed25519PublicKey key = TRY(ledger())->public_key();
  return Bytes(key.bytes().begin(), key.bytes().end());
}

Result<Bytes> RingHistory::sign_note(std::string_view text) {
  if (!text.starts_with(kNoteBegin) || !text.ends_with('\n')) {
    return Error{Errc::malformed, "not the text of a note of this server"};
  }
  return TRY(ledger())->sign(bytes_of(text));
}

}  // namespace countersign::keys
