#include "core/ledger/note.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/codec/base64.h"
#include "core/codec/utf8.h"
#include "core/crypto/hash.h"
#include "core/crypto/wipe.h"

namespace countersign::ledger {
namespace {

using codec::Base64;

constexpr std::string_view kDash = "\u2014 ";  // em dash, space
constexpr std::string_view kPrivateKey = "PRIVATE+KEY+";
constexpr std::size_t kIdSize = 4, kIdDigits = 8, kTimeSize = 8;

// The Unicode spaces beyond ASCII that UTF-8 can spell (property White_Space).
constexpr std::array<std::string_view, 19> kSpaces = {
    "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
    "\u2007", "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20; }

bool is_key_name(std::string_view name) {
  if (name.empty() || name.size() > kKeyNameMax || !codec::valid_utf8(name)) return false;
  if (std::ranges::any_of(name, [](char c) { return is_control(c) || c == ' ' || c == '+'; })) return false;
  return std::ranges::none_of(kSpaces, [&](std::string_view space) { return name.find(space) != name.npos; });
}

bool is_note_text(std::string_view text) {
  return text.ends_with('\n') && codec::valid_utf8(text) &&
         std::ranges::none_of(text, [](char c) { return is_control(c) && c != '\n'; });
}

std::uint32_t read_id(ByteView bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

Bytes id_bytes(std::uint32_t id) {
  return {static_cast<std::uint8_t>(id >> 24), static_cast<std::uint8_t>(id >> 16), static_cast<std::uint8_t>(id >> 8),
          static_cast<std::uint8_t>(id)};
}

std::string id_text(std::uint32_t id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (int shift = 28; shift >= 0; shift -= 4) out += kDigits[id >> shift & 15];
  return out;
}

// signed-note, Signatures: SHA-256(name ‖ 0x0a ‖ type ‖ key), first four bytes.
std::uint32_t key_id(std::string_view name, KeyType type, ByteView key) {
  const std::uint8_t middle[] = {'\n', static_cast<std::uint8_t>(type)};
  const ByteView parts[] = {bytes_of(name), middle, key};
  return read_id(crypto::hash(crypto::HashKind::sha256, parts));
}

std::optional<KeyType> key_type(std::uint8_t byte) {
  if (byte == static_cast<std::uint8_t>(KeyType::ed25519)) return KeyType::ed25519;
  if (byte == static_cast<std::uint8_t>(KeyType::cosignature)) return KeyType::cosignature;
  return std::nullopt;
}

// "name+id+base64" in its three parts; the last is type ‖ key.
struct KeyText {
  std::string_view name, id;
  KeyType type{};
  Bytes key;
};

Result<KeyText> split_key(std::string_view text) {
  const auto first = text.find('+');
  const auto second = first == text.npos ? first : text.find('+', first + 1);
  if (second == text.npos) return Error{Errc::malformed, "a key looks like name+id+base64"};
  KeyText out{text.substr(0, first), text.substr(first + 1, second - first - 1), {}, {}};
  Bytes key = TRY(codec::from_base64(Base64::padded, text.substr(second + 1)));
  if (out.id.size() != kIdDigits || key.empty()) return Error{Errc::malformed, "a key looks like name+id+base64"};
  const auto type = key_type(key.front());
  if (!type) return Error{Errc::refused, "a key of an algorithm that is not known here"};
  out.type = *type;
  key.erase(key.begin());
  out.key = std::move(key);
  return out;
}

Result<NoteSignature> parse_signature(std::string_view line) {
  const Error bad{Errc::malformed, "a signature line looks like \"\u2014 name base64\""};
  if (!line.starts_with(kDash)) return bad;
  line.remove_prefix(kDash.size());
  const auto space = line.find(' ');
  if (space == line.npos || !is_key_name(line.substr(0, space))) return bad;
  const Bytes bytes = TRY(codec::from_base64(Base64::padded, line.substr(space + 1)));
  if (bytes.size() <= kIdSize) return bad;
  return NoteSignature{std::string(line.substr(0, space)), read_id(bytes), Bytes(bytes.begin() + kIdSize, bytes.end())};
}

// The time of a cosignature, and where its 64 bytes begin; nothing where it cannot be one.
std::optional<std::int64_t> cosignature_time(ByteView signature) {
  if (signature.size() != kTimeSize + crypto::kEd25519Size) return std::nullopt;
  std::uint64_t time = 0;
  for (std::size_t i = 0; i < kTimeSize; ++i) time = time << 8 | signature[i];
  if (time > std::numeric_limits<std::int64_t>::max()) return std::nullopt;  // tlog-cosignature, Format
  return static_cast<std::int64_t>(time);
}

std::optional<NoteSigner> verify_one(std::string_view text, const NoteSignature& signature, const VerifierKey& key) {
  const ByteView bytes = signature.signature;
  switch (key.type()) {
    case KeyType::ed25519:
      if (!key.key().verify(bytes_of(text), bytes)) return std::nullopt;
      return NoteSigner{};
    case KeyType::cosignature: {
      const auto time = cosignature_time(bytes);
      if (!time || !key.key().verify(bytes_of(cosigned_message(text, *time)), bytes.subspan(kTimeSize))) {
        return std::nullopt;
      }
      return NoteSigner{0, time};
    }
  }
  std::abort();
}

Result<Bytes> sign_checked(std::string_view message, const Sign& sign) {
  Bytes out = TRY(sign(bytes_of(message)));
  if (out.size() != crypto::kEd25519Size) return Error{Errc::unavailable, "what came back is no Ed25519 signature"};
  return out;
}

}  // namespace

VerifierKey::VerifierKey(std::string name, KeyType type, const crypto::Ed25519PublicKey& key)
    : name_(std::move(name)), type_(type), key_(key), id_(key_id(name_, type, key.bytes())) {}

Result<VerifierKey> VerifierKey::make(std::string_view name, KeyType type, const crypto::Ed25519PublicKey& key) {
  if (!is_key_name(name)) return Error{Errc::malformed, "not the name of a key"};
  return VerifierKey(std::string(name), type, key);
}

Result<VerifierKey> VerifierKey::parse(std::string_view text) {
  const KeyText parts = TRY(split_key(text));
  const auto key = TRY(crypto::Ed25519PublicKey::from_bytes(parts.key));
  VerifierKey out = TRY(make(parts.name, parts.type, key));
  if (id_text(out.id_) != parts.id) return Error{Errc::malformed, "the id is not that of the key"};
  return out;
}

std::string VerifierKey::text() const {
  Bytes key{static_cast<std::uint8_t>(type_)};
  append(key, key_.bytes());
  return name_ + '+' + id_text(id_) + '+' + codec::to_base64(Base64::padded, key);
}

Sign sign_with(const crypto::Ed25519Key& key) {
  return [&key](ByteView message) -> Result<Bytes> { return key.sign(message); };
}

Result<SigningKey> parse_signing_key(const Secret& text) {
  if (!text.reveal().starts_with(kPrivateKey)) return Error{Errc::malformed, "a private key begins PRIVATE+KEY+"};
  KeyText parts = TRY(split_key(text.reveal().substr(kPrivateKey.size())));
  const Secret seed = crypto::into_secret(std::move(parts.key));
  auto key = TRY(crypto::Ed25519Key::from_seed(seed.reveal_bytes()));
  auto verifier = TRY(VerifierKey::make(parts.name, parts.type, key.public_key()));
  if (id_text(verifier.id()) != parts.id) return Error{Errc::malformed, "the id is not that of the key"};
  return SigningKey{std::move(verifier), std::move(key)};
}

Secret print_signing_key(const SigningKey& key) {
  Bytes bytes{static_cast<std::uint8_t>(key.verifier.type())};
  bytes.reserve(1 + crypto::kEd25519KeySize);
  append(bytes, key.key.seed().reveal_bytes());
  const Secret seed(codec::to_base64(Base64::padded, bytes));
  crypto::wipe(bytes);
  std::string out(kPrivateKey);
  out.reserve(out.size() + key.verifier.name().size() + kIdDigits + 2 + seed.size());
  out.append(key.verifier.name()).append("+").append(id_text(key.verifier.id())).append("+").append(seed.reveal());
  return Secret(std::move(out));
}

Result<std::vector<NoteSignature>> parse_signature_lines(std::string_view lines) {
  if (lines.size() > kNoteMax || !lines.ends_with('\n')) {
    return Error{Errc::malformed, "signature lines end in a newline, and there is one at least"};
  }
  std::vector<NoteSignature> out;
  while (!lines.empty()) {
    if (out.size() == kNoteSignaturesMax) return Error{Errc::malformed, "over 64 signatures"};
    const auto end = lines.find('\n');
    out.push_back(TRY(parse_signature(lines.substr(0, end))));
    lines.remove_prefix(end + 1);
  }
  return out;
}

Result<Note> parse_note(std::string_view text) {
  if (text.size() > kNoteMax) return Error{Errc::malformed, "a note is longer than 128 KiB"};
  if (!is_note_text(text)) return Error{Errc::malformed, "a note is lines of UTF-8 without control characters"};
  const auto gap = text.rfind("\n\n");  // the last empty line; the text may hold others
  if (gap == text.npos) return Error{Errc::malformed, "an empty line stands before a note's signatures"};
  return Note{std::string(text.substr(0, gap + 1)), TRY(parse_signature_lines(text.substr(gap + 2)))};
}

std::string print(const NoteSignature& signature) {
  Bytes bytes = id_bytes(signature.key_id);
  append(bytes, signature.signature);
  return std::string(kDash) + signature.name + ' ' + codec::to_base64(Base64::padded, bytes) + '\n';
}

std::string print(const Note& note) {
  std::string out = note.text + '\n';
  for (const NoteSignature& signature : note.signatures) out += print(signature);
  return out;
}

Result<NoteSignature> sign_note(std::string_view text, const VerifierKey& key, const Sign& sign) {
  if (!is_note_text(text)) return Error{Errc::malformed, "this text cannot stand in a note"};
  if (key.type() != KeyType::ed25519) return Error{Errc::malformed, "this key is for cosignatures"};
  return NoteSignature{key.name(), key.id(), TRY(sign_checked(text, sign))};
}

std::string cosigned_message(std::string_view text, std::int64_t time_s) {
  return "cosignature/v1\ntime " + std::to_string(time_s) + '\n' + std::string(text);
}

Result<NoteSignature> cosign(std::string_view text, std::int64_t time_s, const VerifierKey& key, const Sign& sign) {
  if (!is_note_text(text)) return Error{Errc::malformed, "this text cannot stand in a note"};
  if (key.type() != KeyType::cosignature) return Error{Errc::malformed, "this key is not for cosignatures"};
  if (time_s < 0) return Error{Errc::malformed, "a cosignature is from after 1970"};
  Bytes out;
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(time_s >> shift));
  append(out, TRY(sign_checked(cosigned_message(text, time_s), sign)));
  return NoteSignature{key.name(), key.id(), std::move(out)};
}

Result<std::vector<NoteSigner>> verify_note(const Note& note, const std::vector<VerifierKey>& keys) {
  std::vector<NoteSigner> signers;
  for (const NoteSignature& signature : note.signatures) {
    bool known = false, good = false;
    for (std::size_t i = 0; i < keys.size() && !good; ++i) {
      if (keys[i].name() != signature.name || keys[i].id() != signature.key_id) continue;
      known = true;
      auto signer = verify_one(note.text, signature, keys[i]);
      if (!signer) continue;  // another key may share name and id
      good = true;
      signer->key = i;
      if (std::ranges::find(signers, i, &NoteSigner::key) == signers.end()) signers.push_back(*signer);
    }
    if (known && !good) return Error{Errc::refused, "a signature of a known key does not verify"};
  }
  if (signers.empty()) return Error{Errc::refused, "no known key has signed"};
  return signers;
}

}  // namespace countersign::ledger
