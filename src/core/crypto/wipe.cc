#include "core/crypto/wipe.h"

#include <openssl/crypto.h>

namespace countersign::crypto {

void wipe(std::span<std::uint8_t> bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }

Secret into_secret(Bytes&& bytes) {
  Secret out{ByteView(bytes)};
  wipe(bytes);
  bytes.clear();
  return out;
}

}  // namespace countersign::crypto
