// The tenant's private key in a file, under a passphrase (docs/protocols/history-export.md, Key file).
#pragma once

#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/password.h"
#include "core/crypto/x25519.h"

namespace countersign::history {

inline constexpr std::size_t kReaderKeyFileMax = 4096;
// About half a second: asked for once a reading, by a person.
inline constexpr crypto::PasswordCost kReaderKeyCost{.passes = 3, .memory_bytes = 256 * 1024 * 1024};

// The file's text.   exhausted: no memory.
Result<std::string> seal_reader_key(const crypto::X25519Key& key, const Secret& passphrase, crypto::PasswordCost cost,
                                    Random& random);
// refused: another passphrase, or altered.   malformed: not such a file, or a cost beyond what is taken.
Result<crypto::X25519Key> open_reader_key(std::string_view file, const Secret& passphrase);
// Its public half, without the passphrase.   malformed as above.
Result<crypto::X25519PublicKey> reader_public_key(std::string_view file);

}  // namespace countersign::history
