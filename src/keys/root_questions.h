// The questions about root keys: part of the wall (keys.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/time.h"

namespace countersign::keys {

enum class RootUse { waits, seals, opens };  // opens: an older one, for what is not sealed anew yet

struct RootKeyState {
  std::string id;               // 8 hexadecimal digits
  std::optional<Instant> made;  // none: before this was noted
  RootUse use = RootUse::opens;
};

struct RootList {
  std::string source;              // "file", "pkcs11", "tpm2"
  std::vector<RootKeyState> keys;  // the one that seals first
};

// The id of the root key that sealed a service-class value; none: it names none (an earlier version sealed it).
std::optional<std::string> root_of(ByteView sealed);

// Thread-safe. Every call: unavailable when the keys, or the file they live in, are away. What changes the list is
// durable before the answer.
class RootQuestions {
 public:
  virtual ~RootQuestions() = default;

  virtual Result<RootList> root_keys() = 0;
  // Adds a key that waits; the answer is its id.   exhausted: there are as many as there may be.
  virtual Result<std::string> add_root_key(Instant now) = 0;
  // Looks again where the keys live when that one is not known here.   not_found: it is not there either.
  virtual Result<void> know_root_key(const std::string& id) = 0;
  // Seals under it from now on, and seals the keyring anew.   not_found: as above.
  virtual Result<void> use_root_key(const std::string& id) = 0;
  // Nothing that it sealed opens any more.   not_found: it is not in the list.   conflict: it seals.
  virtual Result<void> drop_root_key(const std::string& id) = 0;
};

}  // namespace countersign::keys
