#include "core/history/signer_key.h"

namespace countersign::history {
namespace {

constexpr KeyFileKind kKind{"signer_key", "MFAG", "a signer's key file"};

}  // namespace

Result<std::string> seal_signer_key(const crypto::Es256Key& key, const KeyFileLock& lock, Random& random) {
  const KeyFilePair pair{key.public_key().point(), key.scalar()};
  return seal_key_file(kKind, pair, lock, random);
}

Result<crypto::Es256Key> open_signer_key(std::string_view file, const Secret& passphrase) {
  const KeyFilePair pair = TRY(open_key_file(kKind, file, passphrase));
  crypto::Es256Key key = TRY(crypto::Es256Key::from_scalar(pair.private_key.reveal_bytes()));
  if (key.public_key().point() != pair.public_key) return Error{Errc::refused, "the key file holds another key"};
  return key;
}

Result<crypto::Es256PublicKey> signer_public_key(std::string_view file) {
  const Bytes key = TRY(key_file_public_key(kKind, file));
  return crypto::Es256PublicKey::from_point(key);
}

}  // namespace countersign::history
