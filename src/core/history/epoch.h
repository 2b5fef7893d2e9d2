// Epochs of sealed history: a random key, wrapped once to each recipient, under which the rows of one tenant, one day
// and one process start are sealed (docs/protocols/history.md has every byte; security.md §1.4). The wire form:
//
//   header   "MFAE" version(1) kem(2) kdf(2) aead(2) | tenant | day(8) | epoch id(16) | writer | tag bits(1)
//            | n(1) × { recipient id(8) enc(32) wrapped key(32+16) } | commit(32)
//   row      epoch id(16) | number(8) | AES-256-GCM of length(4) text zeros
//   trailer  "MFAT" version(1) | epoch id(16) | rows(8) | Merkle root of the rows' hashes(32)
//
// Integers are big-endian; texts are length(2) ‖ bytes. Wrapping is HPKE in mode psk with the key of the day: opening
// needs the recipient's private key and that day's key, which dies with its month.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/aead.h"
#include "core/crypto/x25519.h"

namespace countersign::history {

inline constexpr std::size_t kEpochIdSize = 16;
inline constexpr std::size_t kRecipientIdSize = 8;
inline constexpr std::size_t kRecipientsMax = 8;
inline constexpr std::size_t kEpochKeySize = 32;
inline constexpr std::uint64_t kEpochRowsMax = 65'536;  // security.md §1.3
inline constexpr std::size_t kRowPad = 256;             // lengths tell no more than this
inline constexpr std::size_t kRowPlainMax = 1024 * 1024;
inline constexpr std::size_t kRowHeadSize = kEpochIdSize + 8;
inline constexpr std::size_t kDayKeySize = 32;
inline constexpr std::size_t kWriterMax = 64;
inline constexpr std::int64_t kDayMax = 2'932'896;  // 9999-12-31: later months have another form

using EpochId = std::array<std::uint8_t, kEpochIdSize>;
using RecipientId = std::array<std::uint8_t, kRecipientIdSize>;

// The first 8 bytes of SHA-256 of the public key.
RecipientId recipient_id(const crypto::X25519PublicKey& key);

// A day key: HKDF of the tenant's month key for one day; the psk of that day's epochs.
Secret day_key(ByteView month_key, std::int64_t day);
// "2026-03" of a day counted from 1970-01-01, 0 to kDayMax; days outside count as the nearest inside.
std::string month_of(std::int64_t day);

struct Wrapped {
  RecipientId recipient{};
  std::array<std::uint8_t, 32> enc{};
  std::array<std::uint8_t, kEpochKeySize + crypto::kAeadTagSize> key{};
  bool operator==(const Wrapped&) const = default;
};

struct EpochHeader {
  TenantId tenant;
  std::int64_t day = 0;
  EpochId id{};
  std::string writer;     // node and process start, at most 64 bytes
  std::uint8_t tag_bits = 0;  // length of the blind index's tags in this epoch (blind_index.h); 0: rows have none
  std::vector<Wrapped> recipients;
  std::array<std::uint8_t, 32> commit{};  // AES-GCM does not commit to its key; this does
  bool operator==(const EpochHeader&) const = default;
};

Bytes encode(const EpochHeader& header);
// malformed: not exactly one header of version 1 and the one suite, a field out of range, no or over 8 recipients, or
// one twice.
Result<EpochHeader> decode_header(ByteView bytes);

// Fills recipients and commit for a header whose other fields are set.   malformed: a field out of range, no or too
// many recipients, one twice, a key not 32 bytes.   refused: a recipient key of small order.
Result<void> wrap(EpochHeader& header, const Secret& epoch_key, const std::vector<crypto::X25519PublicKey>& recipients,
                  ByteView day_key, Random& random);
// The epoch key.   not_found: not wrapped to this key.   refused: not with this day key, or altered anywhere.
// malformed: day key not 32 bytes, or a field out of range.
Result<Secret> unwrap(const EpochHeader& header, const crypto::X25519Key& recipient, ByteView day_key);

// An epoch's key at work. Sealing and opening from several threads at once is fine; numbers are the caller's to count.
class EpochKey {
  crypto::AeadKey key_;
  std::array<std::uint8_t, crypto::kAeadNonceSize> base_{};
  EpochId id_{};
  Bytes bound_;  // tenant, day and epoch, as they stand in every row's associated data

 public:
  // `tenant` and `day` are bound into every row.   malformed: key not 32 bytes.
  static Result<EpochKey> make(const EpochHeader& header, const Secret& key);

  const EpochId& id() const { return id_; }
  // One row: epoch id ‖ number ‖ ciphertext. `open` are the row's open fields, bound as associated data.
  // exhausted: `plain` over 1 MiB, or `number` beyond the epoch's rows.
  Result<Bytes> seal(std::uint64_t number, std::string_view open, std::string_view plain) const;
  // refused: moved, altered, or of another epoch.   malformed: not a row, or sealed without its padding.
  Result<std::string> open(std::string_view open, ByteView row) const;

 private:
  EpochKey(crypto::AeadKey key, const Secret& nonce, const EpochHeader& header);
};

struct RowPlace {
  EpochId epoch{};
  std::uint64_t number = 0;
};
// malformed: a length that no row has, or a number beyond the epoch's rows.
Result<RowPlace> place_of(ByteView row);
// SHA-256 of 0x00 ‖ length(4) ‖ open ‖ length(4) ‖ row: the leaf of a row in its epoch's trailer.
Bytes row_hash(std::string_view open, ByteView row);

struct EpochTrailer {
  EpochId id{};
  std::uint64_t rows = 0;
  std::array<std::uint8_t, 32> root{};  // RFC 6962 tree over row_hash in the order of their numbers
  bool operator==(const EpochTrailer&) const = default;
};
Bytes encode(const EpochTrailer& trailer);
// malformed: not exactly one trailer of version 1, or more rows than an epoch has.
Result<EpochTrailer> decode_trailer(ByteView bytes);
// Closes an epoch over the hashes of its rows, in the order of their numbers.   malformed: too many, or not 32 bytes.
Result<EpochTrailer> trailer_of(const EpochId& id, const std::vector<Bytes>& row_hashes);
// refused: a trailer of another epoch, or of other rows. Errors as above.
Result<void> check(const EpochTrailer& trailer, const EpochId& id, const std::vector<Bytes>& row_hashes);

}  // namespace countersign::history
