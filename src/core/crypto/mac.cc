#include "core/crypto/mac.h"

#include "core/crypto/sha_state.h"

namespace countersign::crypto {
namespace {

constexpr std::uint8_t kInnerPad = 0x36, kOuterPad = 0x5c;  // RFC 2104 §2

template <class Sha>
void pad_state(const std::array<std::uint8_t, Sha::kBlock>& key, std::uint8_t pad, ChainingValue& to) {
  std::array<std::uint8_t, Sha::kBlock> block;
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::uint8_t>(key[i] ^ pad);
  typename Sha::State state;
  Sha::init(state);
  Sha::update(state, block);
  Sha::save(state, to);
  OPENSSL_cleanse(&state, sizeof state);
  OPENSSL_cleanse(block.data(), block.size());
}

}  // namespace

MacKey::MacKey(HashKind kind, ByteView key) : kind_(kind), inner_{}, outer_{} {
  with_sha(kind, [&](auto sha) {
    using Sha = decltype(sha);
    std::array<std::uint8_t, Sha::kBlock> block{};
    if (key.size() > block.size()) {
      typename Sha::State state;
      Sha::init(state);
      Sha::update(state, key);
      Sha::final(state, block.data());
      OPENSSL_cleanse(&state, sizeof state);
    } else if (!key.empty()) {
      std::memcpy(block.data(), key.data(), key.size());
    }
    pad_state<Sha>(block, kInnerPad, inner_);
    pad_state<Sha>(block, kOuterPad, outer_);
    OPENSSL_cleanse(block.data(), block.size());
  });
}

MacKey::~MacKey() {
  OPENSSL_cleanse(inner_.data(), sizeof inner_);
  OPENSSL_cleanse(outer_.data(), sizeof outer_);
}

std::size_t MacKey::mac_into(std::span<const ByteView> parts, std::span<std::uint8_t, kDigestMax> out) const {
  return with_sha(kind_, [&](auto sha) {
    using Sha = decltype(sha);
    typename Sha::State state;
    Sha::load(state, inner_);
    for (ByteView part : parts) Sha::update(state, part);
    Sha::final(state, out.data());
    Sha::load(state, outer_);
    Sha::update(state, ByteView(out.data(), Sha::kSize));
    Sha::final(state, out.data());
    return Sha::kSize;
  });
}

Bytes MacKey::mac(std::span<const ByteView> parts) const {
  std::array<std::uint8_t, kDigestMax> out;
  const std::size_t size = mac_into(parts, out);
  return Bytes(out.data(), out.data() + size);
}

Bytes MacKey::mac(ByteView message) const { return mac(std::span<const ByteView>(&message, 1)); }

Bytes hmac(HashKind kind, ByteView key, ByteView message) { return MacKey(kind, key).mac(message); }

}  // namespace countersign::crypto
