// The tenant's private key in a file, under a passphrase (docs/protocols/history-export.md, Key file).
#pragma once

#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/x25519.h"
#include "core/history/key_file.h"

namespace countersign::history {

// The file's text.   exhausted: no memory.
Result<std::string> seal_reader_key(const crypto::X25519Key& key, const Secret& passphrase, crypto::PasswordCost cost,
                                    Random& random);
// refused: another passphrase, or altered.   malformed: not such a file, or a cost beyond what is taken.
Result<crypto::X25519Key> open_reader_key(std::string_view file, const Secret& passphrase);
// Its public half, without the passphrase.   malformed as above.
Result<crypto::X25519PublicKey> reader_public_key(std::string_view file);

}  // namespace countersign::history
