// For .cc files of this folder: the labels under which keys of history are derived (docs/protocols/history.md).
#pragma once

#include <string>
#include <string_view>

#include "core/base/secret.h"
#include "core/crypto/hkdf.h"
#include "core/crypto/wipe.h"

namespace countersign::history {

inline constexpr std::string_view kLabel = "countersign-history/v1";

// HKDF-SHA-256 with an empty salt; info is the label, a space, the purpose and what it is bound to.
inline Bytes derive(ByteView secret, std::string_view purpose, std::size_t length, ByteView bound = {}) {
  Bytes info;
  append(info, bytes_of(kLabel));
  info.push_back(' ');
  append(info, bytes_of(purpose));
  append(info, bound);
  return crypto::hkdf(secret, {}, info, length);
}

}  // namespace countersign::history
