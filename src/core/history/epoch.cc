#include "core/history/epoch.h"

#include <algorithm>
#include <chrono>

#include "core/crypto/equal.h"
#include "core/crypto/hash.h"
#include "core/crypto/hpke.h"
#include "core/history/blind_index.h"
#include "core/history/label.h"
#include "core/history/wire.h"

namespace countersign::history {
namespace {

constexpr std::string_view kHeaderMagic = "MFAE";
constexpr std::uint8_t kVersion = 1;
// RFC 9180 §7: DHKEM(X25519, HKDF-SHA-256), HKDF-SHA-256, AES-256-GCM.
constexpr std::uint16_t kKem = 0x0020, kKdf = 0x0001, kAead = 0x0002;

bool day_is_fine(std::int64_t day) { return day >= 0 && day <= kDayMax; }

// malformed: a field that the wire form or a reader does not take.
Result<void> check_fields(const EpochHeader& header) {
  if (!TenantId::parse(header.tenant.text())) return Error{Errc::malformed, "an epoch without a tenant"};
  if (!day_is_fine(header.day)) return Error{Errc::malformed, "an epoch's day is outside 1970 to 9999"};
  if (header.writer.size() > kWriterMax) return Error{Errc::malformed, "an epoch's writer is over 64 bytes"};
  if (header.tag_bits != 0 && (header.tag_bits < kTagBitsMin || header.tag_bits > kTagBitsMax)) {
    return Error{Errc::malformed, "an epoch's tags have 4 to 16 bits, or none"};
  }
  return {};
}

// malformed: none, too many, or one twice.
template <class Each>
Result<void> check_recipients(const std::vector<Each>& recipients) {
  if (recipients.empty() || recipients.size() > kRecipientsMax) {
    return Error{Errc::malformed, "an epoch has 1 to 8 recipients"};
  }
  for (auto at = recipients.begin(); at != recipients.end(); ++at) {
    if (std::find(recipients.begin(), at, *at) != at) return Error{Errc::malformed, "a recipient stands twice"};
  }
  return {};
}

std::vector<RecipientId> ids_of(const std::vector<Wrapped>& recipients) {
  std::vector<RecipientId> out;
  for (const Wrapped& each : recipients) out.push_back(each.recipient);
  return out;
}

// The header up to its recipients: the associated data of every wrapping.
Bytes head_of(const EpochHeader& header) {
  Bytes out;
  append(out, bytes_of(kHeaderMagic));
  put(out, kVersion);
  put(out, kKem);
  put(out, kKdf);
  put(out, kAead);
  put_text(out, header.tenant.text());
  put(out, static_cast<std::uint64_t>(header.day));
  append(out, header.id);
  put_text(out, header.writer);
  put(out, header.tag_bits);
  return out;
}

// Everything but `commit`.
Bytes body_of(const EpochHeader& header) {
  Bytes out = head_of(header);
  put(out, static_cast<std::uint8_t>(header.recipients.size()));
  for (const Wrapped& each : header.recipients) {
    append(out, each.recipient);
    append(out, each.enc);
    append(out, each.key);
  }
  return out;
}

Bytes commit_of(const EpochHeader& header, const Secret& epoch_key) {
  const Bytes body = crypto::hash(crypto::HashKind::sha256, body_of(header));
  return derive(epoch_key.reveal_bytes(), "commit", header.commit.size(), body);
}

// The two texts that HPKE binds (RFC 9180 §5.1): the tenant with the day, and the name of the key of that month.
struct Names {
  Bytes info, psk_id;

  explicit Names(const EpochHeader& header) {
    append(info, bytes_of(kLabel));
    put_text(info, header.tenant.text());
    put(info, static_cast<std::uint16_t>(sizeof(header.day)));
    put(info, static_cast<std::uint64_t>(header.day));
    put_text(psk_id, header.tenant.text());
    put_text(psk_id, month_of(header.day));
  }
};

}  // namespace

RecipientId recipient_id(const crypto::X25519PublicKey& key) {
  RecipientId out{};
  const Bytes digest = crypto::hash(crypto::HashKind::sha256, key.bytes());
  std::copy_n(digest.begin(), out.size(), out.begin());
  return out;
}

Secret day_key(ByteView month_key, std::int64_t day) {
  Bytes bound;
  put(bound, static_cast<std::uint64_t>(day));
  return crypto::into_secret(derive(month_key, "day", kDayKeySize, bound));
}

std::string month_of(std::int64_t day) {
  using namespace std::chrono;
  const std::int64_t near = std::clamp<std::int64_t>(day, 0, kDayMax);
  const year_month_day date{sys_days{days{near}}};
  const std::string year = std::to_string(static_cast<int>(date.year()));
  const std::string month = std::to_string(static_cast<unsigned>(date.month()));
  return year + (month.size() == 1 ? "-0" : "-") + month;
}

Bytes encode(const EpochHeader& header) {
  Bytes out = body_of(header);
  append(out, header.commit);
  return out;
}

Result<EpochHeader> decode_header(ByteView bytes) {
  Reader in(bytes);
  if (text_of(in.take(kHeaderMagic.size())) != kHeaderMagic) return Error{Errc::malformed, "not an epoch's header"};
  if (in.number<std::uint8_t>() != kVersion) return Error{Errc::malformed, "an epoch's header of another version"};
  const auto kem = in.number<std::uint16_t>(), kdf = in.number<std::uint16_t>(), aead = in.number<std::uint16_t>();
  if (kem != kKem || kdf != kKdf || aead != kAead) return Error{Errc::malformed, "an epoch of another suite"};
  EpochHeader out;
  out.tenant = TRY(TenantId::parse(in.text()));
  out.day = static_cast<std::int64_t>(in.number<std::uint64_t>());
  out.id = in.array<kEpochIdSize>();
  out.writer = in.text();
  out.tag_bits = in.number<std::uint8_t>();
  TRY(check_fields(out));
  for (int left = in.number<std::uint8_t>(); left > 0 && out.recipients.size() <= kRecipientsMax; --left) {
    Wrapped& each = out.recipients.emplace_back();
    each.recipient = in.array<kRecipientIdSize>();
    each.enc = in.array<sizeof(each.enc)>();
    each.key = in.array<sizeof(each.key)>();
  }
  TRY(check_recipients(ids_of(out.recipients)));
  out.commit = in.array<sizeof(out.commit)>();
  if (!in.whole()) return Error{Errc::malformed, "an epoch's header is cut short, or goes on"};
  return out;
}

Result<void> wrap(EpochHeader& header, const Secret& epoch_key, const std::vector<crypto::X25519PublicKey>& recipients,
                  ByteView day_key, Random& random) {
  if (epoch_key.size() != kEpochKeySize) return Error{Errc::malformed, "an epoch's key has 32 bytes"};
  if (day_key.size() != kDayKeySize) return Error{Errc::malformed, "a day's key has 32 bytes"};
  TRY(check_fields(header));
  TRY(check_recipients(recipients));
  const Names names(header);
  const Bytes head = head_of(header);
  std::vector<Wrapped> wrapped;
  for (const crypto::X25519PublicKey& to : recipients) {
    auto sender = TRY(crypto::hpke::setup_sender(random, to, names.info, {day_key, names.psk_id}));
    Wrapped& each = wrapped.emplace_back();
    each.recipient = recipient_id(to);
    std::ranges::copy(sender.enc, each.enc.begin());
    std::ranges::copy(sender.context.seal(head, epoch_key.reveal_bytes()), each.key.begin());
  }
  header.recipients = std::move(wrapped);
  std::ranges::copy(commit_of(header, epoch_key), header.commit.begin());
  return {};
}

Result<Secret> unwrap(const EpochHeader& header, const crypto::X25519Key& recipient, ByteView day_key) {
  if (day_key.size() != kDayKeySize) return Error{Errc::malformed, "a day's key has 32 bytes"};
  TRY(check_fields(header));
  const auto to = std::ranges::find(header.recipients, recipient_id(recipient.public_key()), &Wrapped::recipient);
  if (to == header.recipients.end()) return Error{Errc::not_found, "the epoch is not for this recipient"};
  const Names names(header);
  auto context = TRY(crypto::hpke::setup_recipient(to->enc, recipient, names.info, {day_key, names.psk_id}));
  auto opened = context.open(head_of(header), to->key);
  if (!opened) return Error{Errc::refused, "the epoch's key was altered or moved, or is not of this day's key"};
  Secret key = crypto::into_secret(*std::move(opened));
  if (!crypto::equal(commit_of(header, key), header.commit)) {
    return Error{Errc::refused, "the epoch's header does not commit to its key"};
  }
  return key;
}

}  // namespace countersign::history
