#include "core/crypto/hkdf.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <stdexcept>

#include "core/crypto/mac.h"

namespace countersign::crypto {

Bytes hkdf_extract(ByteView salt, ByteView secret) { return hmac(HashKind::sha256, salt, secret); }

Bytes hkdf_expand(ByteView key, ByteView info, std::size_t length) {
  if (length > kHkdfLengthMax) throw std::length_error("hkdf: more than 255 blocks");
  const MacKey mac_key(HashKind::sha256, key);
  std::array<std::uint8_t, kDigestMax> block;
  std::size_t have = 0;  // bytes of T(i-1)
  Bytes out;
  out.reserve(length);
  for (std::uint8_t i = 1; out.size() < length; ++i) {
    const ByteView parts[] = {ByteView(block.data(), have), info, ByteView(&i, 1)};
    have = mac_key.mac_into(parts, block);
    append(out, ByteView(block.data(), std::min(have, length - out.size())));
  }
  OPENSSL_cleanse(block.data(), block.size());
  return out;
}

Bytes hkdf(ByteView secret, ByteView salt, ByteView info, std::size_t length) {
  Bytes key = hkdf_extract(salt, secret);
  Bytes out = hkdf_expand(key, info, length);
  OPENSSL_cleanse(key.data(), key.size());
  return out;
}

}  // namespace countersign::crypto
