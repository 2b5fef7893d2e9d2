// The private key of somebody who signs intents, in a file, under a passphrase (docs/protocols/history-export.md).
#pragma once

#include "core/crypto/sign.h"
#include "core/history/key_file.h"

namespace countersign::history {

// As those of reader_key.h, for an ES256 key; its public half is 65 bytes 04 ‖ x ‖ y.
Result<std::string> seal_signer_key(const crypto::Es256Key& key, const KeyFileLock& lock, Random& random);
Result<crypto::Es256Key> open_signer_key(std::string_view file, const Secret& passphrase);
Result<crypto::Es256PublicKey> signer_public_key(std::string_view file);

}  // namespace countersign::history
