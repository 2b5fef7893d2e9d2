#include "core/crypto/hash.h"

#include "core/crypto/sha_state.h"

namespace countersign::crypto {

std::size_t digest_size(HashKind kind) {
  return with_sha(kind, [](auto sha) { return decltype(sha)::kSize; });
}

std::size_t hash_into(HashKind kind, std::span<const ByteView> parts, std::span<std::uint8_t, kDigestMax> out) {
  return with_sha(kind, [&](auto sha) {
    using Sha = decltype(sha);
    typename Sha::State state;
    Sha::init(state);
    for (ByteView part : parts) Sha::update(state, part);
    Sha::final(state, out.data());
    return Sha::kSize;
  });
}

Bytes hash(HashKind kind, std::span<const ByteView> parts) {
  std::array<std::uint8_t, kDigestMax> out;
  const std::size_t size = hash_into(kind, parts, out);
  return Bytes(out.data(), out.data() + size);
}

Bytes hash(HashKind kind, ByteView message) { return hash(kind, std::span<const ByteView>(&message, 1)); }

Bytes sha384(ByteView message) {
  Bytes out(SHA384_DIGEST_LENGTH);
  SHA384(message.data(), message.size(), out.data());
  return out;
}

}  // namespace countersign::crypto
