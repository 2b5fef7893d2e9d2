#include <algorithm>

#include "core/crypto/hash.h"
#include "core/history/epoch.h"
#include "core/history/label.h"
#include "core/history/wire.h"

namespace countersign::history {
namespace {

constexpr std::string_view kRowMagic = "MFAR";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kLengthSize = 4;

constexpr std::size_t padded_size(std::size_t plain) { return (kLengthSize + plain + kRowPad - 1) / kRowPad * kRowPad; }

constexpr std::size_t kRowMin = kRowHeadSize + kRowPad + crypto::kAeadTagSize;
constexpr std::size_t kRowMax = kRowHeadSize + padded_size(kRowPlainMax) + crypto::kAeadTagSize;

// What was sealed, without its padding. Only a writer that is not ours gets here with anything else.
Result<std::string> unpadded(ByteView padded) {
  Reader in(padded);
  const std::size_t size = in.number<std::uint32_t>();
  if (size > kRowPlainMax || padded_size(size) != padded.size()) {
    return Error{Errc::malformed, "a row's length and padding disagree"};
  }
  std::string text(text_of(in.take(size)));
  const ByteView rest = padded.subspan(kLengthSize + size);
  if (std::ranges::any_of(rest, [](std::uint8_t b) { return b != 0; })) {
    return Error{Errc::malformed, "a row is padded with something"};
  }
  return text;
}

std::array<std::uint8_t, crypto::kAeadNonceSize> nonce_at(std::array<std::uint8_t, crypto::kAeadNonceSize> base,
                                                          std::uint64_t number) {
  for (std::size_t i = 0; i < sizeof(number); ++i) {
    base[base.size() - 1 - i] ^= static_cast<std::uint8_t>(number >> 8 * i);
  }
  return base;
}

// `bound` ‖ number ‖ open.
Bytes associated(const Bytes& bound, std::uint64_t number, std::string_view open) {
  Bytes out;
  out.reserve(bound.size() + sizeof(number) + open.size());
  append(out, bound);
  put(out, number);
  append(out, bytes_of(open));
  return out;
}

}  // namespace

EpochKey::EpochKey(crypto::AeadKey key, const Secret& nonce, const EpochHeader& header)
    : key_(std::move(key)), id_(header.id) {
  std::ranges::copy(nonce.reveal_bytes(), base_.begin());
  append(bound_, bytes_of(kRowMagic));
  put(bound_, kVersion);
  put_text(bound_, header.tenant.text());
  put(bound_, static_cast<std::uint64_t>(header.day));
  append(bound_, header.id);
}

Result<EpochKey> EpochKey::make(const EpochHeader& header, const Secret& key) {
  if (key.size() != kEpochKeySize) return Error{Errc::malformed, "an epoch's key has 32 bytes"};
  const Secret row_key = crypto::into_secret(derive(key.reveal_bytes(), "row key", crypto::kAeadKeySize));
  const Secret nonce = crypto::into_secret(derive(key.reveal_bytes(), "row nonce", crypto::kAeadNonceSize));
  return EpochKey(TRY(crypto::AeadKey::from_bytes(row_key.reveal_bytes())), nonce, header);
}

Result<Bytes> EpochKey::seal(std::uint64_t number, std::string_view open, std::string_view plain) const {
  if (number >= kEpochRowsMax) return Error{Errc::exhausted, "the epoch is full"};
  if (plain.size() > kRowPlainMax) return Error{Errc::exhausted, "a row is over 1 MiB"};
  Bytes padded;
  padded.reserve(padded_size(plain.size()));
  put(padded, static_cast<std::uint32_t>(plain.size()));
  append(padded, bytes_of(plain));
  padded.resize(padded_size(plain.size()));
  const Bytes sealed = key_.seal(nonce_at(base_, number), associated(bound_, number, open), padded);
  crypto::wipe(padded);
  Bytes row;
  row.reserve(kRowHeadSize + sealed.size());
  append(row, id_);
  put(row, number);
  append(row, sealed);
  return row;
}

Result<std::string> EpochKey::open(std::string_view open, ByteView row) const {
  const RowPlace place = TRY(place_of(row));
  if (place.epoch != id_) return Error{Errc::refused, "the row is of another epoch"};
  const ByteView sealed = row.subspan(kRowHeadSize);
  auto opened = key_.open(nonce_at(base_, place.number), associated(bound_, place.number, open), sealed);
  if (!opened) return Error{Errc::refused, "the row or its open fields were altered, or moved"};
  Result<std::string> text = unpadded(*opened);
  crypto::wipe(*opened);
  return text;
}

Result<RowPlace> place_of(ByteView row) {
  const bool whole_blocks = (row.size() - kRowMin) % kRowPad == 0;
  if (row.size() < kRowMin || row.size() > kRowMax || !whole_blocks) {
    return Error{Errc::malformed, "no row has this length"};
  }
  Reader in(row);
  RowPlace out;
  out.epoch = in.array<kEpochIdSize>();
  out.number = in.number<std::uint64_t>();
  if (out.number >= kEpochRowsMax) return Error{Errc::malformed, "an epoch has at most 65,536 rows"};
  return out;
}

Bytes row_hash(std::string_view open, ByteView row) {
  Bytes open_size, row_size;
  put(open_size, static_cast<std::uint32_t>(open.size()));
  put(row_size, static_cast<std::uint32_t>(row.size()));
  const std::uint8_t leaf = 0x00;  // RFC 6962 §2.1
  const ByteView parts[] = {ByteView(&leaf, 1), open_size, bytes_of(open), row_size, row};
  return crypto::hash(crypto::HashKind::sha256, parts);
}

}  // namespace countersign::history
