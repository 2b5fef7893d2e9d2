#include "core/history/reader_key.h"

namespace countersign::history {
namespace {

constexpr KeyFileKind kKind{"reader_key", "MFAK", "a reader's key file"};

}  // namespace

Result<std::string> seal_reader_key(const crypto::X25519Key& key, const Secret& passphrase, crypto::PasswordCost cost,
                                    Random& random) {
  const ByteView half = key.public_key().bytes();
  const KeyFilePair pair{Bytes(half.begin(), half.end()), Secret(key.scalar().reveal_bytes())};
  return seal_key_file(kKind, pair, {passphrase, cost}, random);
}

Result<crypto::X25519Key> open_reader_key(std::string_view file, const Secret& passphrase) {
  const KeyFilePair pair = TRY(open_key_file(kKind, file, passphrase));
  const auto named = TRY(crypto::X25519PublicKey::from_bytes(pair.public_key));
  crypto::X25519Key key = TRY(crypto::X25519Key::from_bytes(pair.private_key.reveal_bytes()));
  if (key.public_key() != named) return Error{Errc::refused, "the key file holds another key"};
  return key;
}

Result<crypto::X25519PublicKey> reader_public_key(std::string_view file) {
  const Bytes key = TRY(key_file_public_key(kKind, file));
  return crypto::X25519PublicKey::from_bytes(key);
}

}  // namespace countersign::history
