#include "core/crypto/equal.h"

#include <openssl/crypto.h>

namespace countersign::crypto {

bool equal(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  return a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace countersign::crypto
