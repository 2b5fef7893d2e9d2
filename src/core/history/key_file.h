// A private key in a file, under a passphrase: what the key files of readers and of signers have in common
// (docs/protocols/history-export.md, Key file).
#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/password.h"

namespace countersign::history {

inline constexpr std::size_t kKeyFileMax = 4096;
// About half a second: asked for once a use, by a person.
inline constexpr crypto::PasswordCost kKeyFileCost{.passes = 3, .memory_bytes = 256 * 1024 * 1024};

// Kinds do not open each other's files.
struct KeyFileKind {
  std::string_view member;  // the first of the object, by which the kind is known
  std::string_view magic;   // bound into the seal
  std::string_view whose;   // "a reader's key file"
};

struct KeyFilePair {
  Bytes public_key;
  Secret private_key;
};

struct KeyFileLock {
  const Secret& passphrase;
  crypto::PasswordCost cost;
};

// The file's text.   exhausted: no memory.
Result<std::string> seal_key_file(const KeyFileKind& kind, const KeyFilePair& pair, const KeyFileLock& lock,
                                  Random& random);
// Whether the two belong together is the caller's to see.
// refused: another passphrase, or altered.   malformed: no such file, or a cost beyond what is taken.
Result<KeyFilePair> open_key_file(const KeyFileKind& kind, std::string_view file, const Secret& passphrase);
// Its public half, without the passphrase.   malformed as above.
Result<Bytes> key_file_public_key(const KeyFileKind& kind, std::string_view file);

}  // namespace countersign::history
