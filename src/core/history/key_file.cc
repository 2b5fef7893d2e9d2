#include "core/history/key_file.h"

#include "core/codec/base64.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "core/crypto/aead.h"
#include "core/history/wire.h"

namespace countersign::history {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr auto kForm = codec::Base64::url;

struct KeyFile {
  Bytes public_key;
  crypto::PasswordCost cost;
  Bytes salt, wrapped;
};

Bytes bound(const KeyFileKind& kind, ByteView public_key) {
  Bytes out;
  append(out, bytes_of(kind.magic));
  put(out, kVersion);
  append(out, public_key);
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

Result<KeyFile> parse(const KeyFileKind& kind, std::string_view file) {
  const Result<codec::Json> json = codec::parse_json(file, kKeyFileMax);
  constexpr std::size_t kMembers = 6;
  if (!json || json->find(kind.member) == nullptr || json->members().size() != kMembers) {
    return Error{Errc::malformed, "this is not " + std::string(kind.whose)};
  }
  if (TRY(number_at(*json, kind.member, INT64_MAX)) != kVersion) {
    return Error{Errc::malformed, std::string(kind.whose) + " of another version"};
  }
  KeyFile out;
  out.public_key = TRY(bytes_at(*json, "public_key"));
  const std::int64_t memory_max = crypto::kPasswordMemoryMax, passes_max = crypto::kPasswordPassesMax;
  out.cost.memory_bytes = static_cast<std::size_t>(TRY(number_at(*json, "memory", memory_max)));
  out.cost.passes = static_cast<unsigned>(TRY(number_at(*json, "passes", passes_max)));
  out.salt = TRY(bytes_at(*json, "salt"));
  out.wrapped = TRY(bytes_at(*json, "wrapped"));
  return out;
}

}  // namespace

Result<std::string> seal_key_file(const KeyFileKind& kind, const KeyFilePair& pair, const KeyFileLock& lock,
                                  Random& random) {
  Bytes salt(crypto::kPasswordSaltSize);
  random.fill(salt);
  const Secret file_key = TRY(crypto::password_key(lock.passphrase, salt, lock.cost));
  const crypto::AeadKey aead = TRY(crypto::AeadKey::from_bytes(file_key.reveal_bytes()));
  const Bytes wrapped = aead.seal(random, bound(kind, pair.public_key), pair.private_key.reveal_bytes());
  codec::JsonWriter w;
  w.begin_object().key(kind.member).integer(kVersion);
  w.key("public_key").string(codec::to_base64(kForm, pair.public_key));
  w.key("memory").integer(std::uint64_t{lock.cost.memory_bytes});
  w.key("passes").integer(std::uint64_t{lock.cost.passes});
  w.key("salt").string(codec::to_base64(kForm, salt)).key("wrapped").string(codec::to_base64(kForm, wrapped));
  return w.end_object().take() + "\n";
}

Result<KeyFilePair> open_key_file(const KeyFileKind& kind, std::string_view file, const Secret& passphrase) {
  KeyFile parsed = TRY(parse(kind, file));
  const Secret file_key = TRY(crypto::password_key(passphrase, parsed.salt, parsed.cost));
  const crypto::AeadKey aead = TRY(crypto::AeadKey::from_bytes(file_key.reveal_bytes()));
  Result<Secret> opened = aead.open_secret(bound(kind, parsed.public_key), parsed.wrapped);
  if (!opened) return Error{Errc::refused, "another passphrase, or the key file was altered"};
  return KeyFilePair{std::move(parsed.public_key), *std::move(opened)};
}

Result<Bytes> key_file_public_key(const KeyFileKind& kind, std::string_view file) {
  return TRY(parse(kind, file)).public_key;
}

}  // namespace countersign::history
