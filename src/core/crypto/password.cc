#include "core/crypto/password.h"

#include <sodium.h>

#include <array>

#include "core/crypto/must.h"
#include "core/crypto/wipe.h"

namespace countersign::crypto {
namespace {

constexpr std::size_t kHashSize = 32;

// Unpadded base64, as the text form asks.
std::string text_of_bytes(ByteView bytes) {
  std::array<char, 64> text;
  constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
  return sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
}

}  // namespace

Result<std::string> hash_password(const Secret& password, PasswordCost cost, Random& random) {
  // Chooses the fast implementation for this machine; again and from several threads is fine.
  must(sodium_init() >= 0, "sodium_init");
  if (cost.passes < crypto_pwhash_argon2id_OPSLIMIT_MIN || cost.memory_bytes < crypto_pwhash_argon2id_MEMLIMIT_MIN ||
      cost.memory_bytes > crypto_pwhash_argon2id_MEMLIMIT_MAX) {
    return Error{Errc::malformed, "password cost is out of range"};
  }
  std::array<std::uint8_t, crypto_pwhash_argon2id_SALTBYTES> salt;
  random.fill(salt);
  std::array<std::uint8_t, kHashSize> out;
  const std::string_view text = password.reveal();
  if (crypto_pwhash_argon2id(out.data(), out.size(), text.data(), text.size(), salt.data(), cost.passes,
                             cost.memory_bytes, crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
    return Error{Errc::exhausted, "no memory to hash a password"};
  }
  return "$argon2id$v=19$m=" + std::to_string(cost.memory_bytes / 1024) + ",t=" + std::to_string(cost.passes) +
         ",p=1$" + text_of_bytes(salt) + "$" + text_of_bytes(out);
}

Result<void> verify_password(const Secret& password, std::string_view stored) {
  must(sodium_init() >= 0, "sodium_init");
  const std::string text(stored.substr(0, kPasswordTextMax + 1));
  const std::string_view guess = password.reveal();
  if (text.size() > kPasswordTextMax || crypto_pwhash_str_verify(text.c_str(), guess.data(), guess.size()) != 0) {
    return Error{Errc::refused, "another password"};
  }
  return {};
}

Result<Secret> password_key(const Secret& password, ByteView salt, PasswordCost cost) {
  must(sodium_init() >= 0, "sodium_init");
  static_assert(kPasswordSaltSize == crypto_pwhash_argon2id_SALTBYTES);
  if (salt.size() != kPasswordSaltSize) return Error{Errc::malformed, "a salt has 16 bytes"};
  if (cost.passes < crypto_pwhash_argon2id_OPSLIMIT_MIN || cost.passes > kPasswordPassesMax ||
      cost.memory_bytes < crypto_pwhash_argon2id_MEMLIMIT_MIN || cost.memory_bytes > kPasswordMemoryMax) {
    return Error{Errc::malformed, "password cost is out of range"};
  }
  Bytes out(kHashSize);
  const std::string_view text = password.reveal();
  if (crypto_pwhash_argon2id(out.data(), out.size(), text.data(), text.size(), salt.data(), cost.passes,
                             cost.memory_bytes, crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
    return Error{Errc::exhausted, "no memory to derive a key from a password"};
  }
  return into_secret(std::move(out));
}

bool password_is_stale(std::string_view stored, PasswordCost cost) {
  const std::string text(stored.substr(0, kPasswordTextMax));
  return crypto_pwhash_str_needs_rehash(text.c_str(), cost.passes, cost.memory_bytes) != 0;
}

}  // namespace countersign::crypto
