#include "core/history/reader_key.h"

#include <array>

#include "core/codec/base64.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "core/crypto/aead.h"
#include "core/history/wire.h"

namespace countersign::history {
namespace {

constexpr std::string_view kMagic = "MFAK";
constexpr std::uint8_t kVersion = 1;
constexpr auto kForm = codec::Base64::url;

struct KeyFile {
  crypto::X25519PublicKey key;
  crypto::PasswordCost cost;
  Bytes salt, wrapped;
};

Bytes bound(const crypto::X25519PublicKey& key) {
  Bytes out;
  append(out, bytes_of(kMagic));
  put(out, kVersion);
  append(out, key.bytes());
  return out;
}

Result<Bytes> bytes_at(const codec::Json& json, std::string_view name) {
  const codec::Json* const member = TRY(json.need(name));
  const std::string_view text = TRY(member->as_string());
  return codec::from_base64(kForm, text);
}

Result<std::int64_t> number_at(const codec::Json& json, std::string_view name, std::int64_t most) {
  const codec::Json* const member = TRY(json.need(name));
  const std::int64_t value = TRY(member->as_int());
  if (value < 0 || value > most) return Error{Errc::malformed, std::string(name) + " is out of range"};
  return value;
}

Result<KeyFile> parse(std::string_view file) {
  const Result<codec::Json> json = codec::parse_json(file, kReaderKeyFileMax);
  constexpr std::size_t kMembers = 6;
  if (!json || json->find("reader_key") == nullptr || json->members().size() != kMembers) {
    return Error{Errc::malformed, "this is not a reader's key file"};
  }
  if (TRY(number_at(*json, "reader_key", INT64_MAX)) != kVersion) {
    return Error{Errc::malformed, "a reader's key file of another version"};
  }
  KeyFile out;
  const Bytes key = TRY(bytes_at(*json, "public_key"));
  out.key = TRY(crypto::X25519PublicKey::from_bytes(key));
  const std::int64_t memory_max = crypto::kPasswordMemoryMax, passes_max = crypto::kPasswordPassesMax;
  out.cost.memory_bytes = static_cast<std::size_t>(TRY(number_at(*json, "memory", memory_max)));
  out.cost.passes = static_cast<unsigned>(TRY(number_at(*json, "passes", passes_max)));
  out.salt = TRY(bytes_at(*json, "salt"));
  out.wrapped = TRY(bytes_at(*json, "wrapped"));
  return out;
}

}  // namespace

Result<std::string> seal_reader_key(const crypto::X25519Key& key, const Secret& passphrase, crypto::PasswordCost cost,
                                    Random& random) {
  Bytes salt(crypto::kPasswordSaltSize);
  random.fill(salt);
  const Secret file_key = TRY(crypto::password_key(passphrase, salt, cost));
  const crypto::AeadKey aead = TRY(crypto::AeadKey::from_bytes(file_key.reveal_bytes()));
  const Bytes wrapped = aead.seal(random, bound(key.public_key()), key.scalar().reveal_bytes());
  codec::JsonWriter w;
  w.begin_object().key("reader_key").integer(kVersion);
  w.key("public_key").string(codec::to_base64(kForm, key.public_key().bytes()));
  w.key("memory").integer(std::uint64_t{cost.memory_bytes}).key("passes").integer(std::uint64_t{cost.passes});
  w.key("salt").string(codec::to_base64(kForm, salt)).key("wrapped").string(codec::to_base64(kForm, wrapped));
  return w.end_object().take() + "\n";
}

Result<crypto::X25519Key> open_reader_key(std::string_view file, const Secret& passphrase) {
  const KeyFile parsed = TRY(parse(file));
  const Secret file_key = TRY(crypto::password_key(passphrase, parsed.salt, parsed.cost));
  const crypto::AeadKey aead = TRY(crypto::AeadKey::from_bytes(file_key.reveal_bytes()));
  const Result<Secret> scalar = aead.open_secret(bound(parsed.key), parsed.wrapped);
  if (!scalar) return Error{Errc::refused, "another passphrase, or the key file was altered"};
  crypto::X25519Key key = TRY(crypto::X25519Key::from_bytes(scalar->reveal_bytes()));
  if (key.public_key() != parsed.key) return Error{Errc::refused, "the key file holds another key"};
  return key;
}

Result<crypto::X25519PublicKey> reader_public_key(std::string_view file) {
  const KeyFile parsed = TRY(parse(file));
  return parsed.key;
}

}  // namespace countersign::history
