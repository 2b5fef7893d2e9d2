// Signed notes (C2SP signed-note): a text, an empty line, and signature lines of keys that are known by name and id.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/sign.h"

namespace countersign::ledger {

inline constexpr std::size_t kNoteMax = 128 * 1024;  // 16 signatures of 5 kB must fit (signed-note, Format)
inline constexpr std::size_t kNoteSignaturesMax = 64;
inline constexpr std::size_t kKeyNameMax = 255;

// What a key's signatures are over: the text, or the text after two lines with the time (tlog-cosignature).
enum class KeyType : std::uint8_t { ed25519 = 0x01, cosignature = 0x04 };

// A public key with its name, "name+id+base64" as text.
class VerifierKey {
  std::string name_;
  KeyType type_ = KeyType::ed25519;
  crypto::Ed25519PublicKey key_;
  std::uint32_t id_ = 0;

  VerifierKey(std::string name, KeyType type, const crypto::Ed25519PublicKey& key);

 public:
  // malformed: the name is empty, over 255 bytes, not UTF-8, or holds a space, a plus or a control character.
  static Result<VerifierKey> make(std::string_view name, KeyType type, const crypto::Ed25519PublicKey& key);
  // malformed: not of the form, or the id is not the key's.   refused: an algorithm that is not known here.
  static Result<VerifierKey> parse(std::string_view text);

  std::string text() const;
  const std::string& name() const { return name_; }
  KeyType type() const { return type_; }
  const crypto::Ed25519PublicKey& key() const { return key_; }
  std::uint32_t id() const { return id_; }  // the first four bytes of SHA-256(name ‖ 0x0a ‖ type ‖ key)
  // The same key under another name.   malformed as make.
  Result<VerifierKey> named(std::string_view name) const { return make(name, type_, key_); }
};

// Signs with a private key that may live elsewhere: 64 bytes of Ed25519. Errors pass through.
using Sign = std::function<Result<Bytes>(ByteView message)>;
// `key` must outlive what is returned.
Sign sign_with(const crypto::Ed25519Key& key);

// A private key as text, "PRIVATE+KEY+name+id+base64".
struct SigningKey {
  VerifierKey verifier;
  crypto::Ed25519Key key;
};
Result<SigningKey> parse_signing_key(const Secret& text);  // errors as VerifierKey::parse
Secret print_signing_key(const SigningKey& key);

struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  Bytes signature;  // without the id
  bool operator==(const NoteSignature&) const = default;
};

struct Note {
  std::string text;  // with its final newline
  std::vector<NoteSignature> signatures;
  bool operator==(const Note&) const = default;
};

// malformed: over 128 KiB, not UTF-8, a control character, no text, no signature or over 64, or a bad signature line.
Result<Note> parse_note(std::string_view text);
// Just the lines, as a witness answers them; none at all is malformed.
Result<std::vector<NoteSignature>> parse_signature_lines(std::string_view lines);
std::string print(const Note& note);
std::string print(const NoteSignature& signature);  // one line with its newline

// malformed: the text cannot stand in a note, or the key is for cosignatures.   unavailable: not 64 bytes came back.
Result<NoteSignature> sign_note(std::string_view text, const VerifierKey& key, const Sign& sign);
// malformed: as above, the key is not for cosignatures, or a time before 1970.
Result<NoteSignature> cosign(std::string_view text, std::int64_t time_s, const VerifierKey& key, const Sign& sign);
// "cosignature/v1\ntime …\n" and the text.
std::string cosigned_message(std::string_view text, std::int64_t time_s);

struct NoteSigner {
  std::size_t key = 0;                 // which of the keys asked about
  std::optional<std::int64_t> time_s;  // of a cosignature
};

// Which of `keys` signed, each once, in the order of the lines. Lines of other keys are passed over.
// refused: a line of one of these keys does not verify, or none of them signed.
Result<std::vector<NoteSigner>> verify_note(const Note& note, const std::vector<VerifierKey>& keys);

}  // namespace countersign::ledger
