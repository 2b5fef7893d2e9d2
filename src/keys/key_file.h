// One file of the keyring: secrets of 32 bytes by name, each sealed under the file's own key, which is sealed under the
// root key.
//
//   file     head | frame…
//   head     "CSKR" version(1) | nonce(12) | AES-256-GCM of the file key; associated data: the file's name
//   frame    length(4) | first 8 bytes of SHA-256 of the records(8) | record…       one append, one fsync
//   record   kind(1) | length(1) name | nonce(12) | AES-256-GCM; associated data: file, name, kind
//
// Kind 1 is a key, kind 2 says that a key was destroyed and is not to be made again. Numbers are little-endian. A frame
// that reaches the end of the file and is not whole was never answered for: a torn tail, cut before the next append.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/base/secret.h"
#include "core/crypto/aead.h"
#include "keys/folder.h"
#include "keys/root_key.h"

namespace countersign::keys {

inline constexpr std::size_t kFileSecretSize = 32;
inline constexpr std::size_t kKeyFileMax = 256 * 1024 * 1024;  // three million records
inline constexpr std::size_t kKeyFileHeadSize = 4 + 1 + crypto::kAeadNonceSize + kFileSecretSize + crypto::kAeadTagSize;
inline constexpr std::size_t kRecordNameMax = 64;

// Root keys at work on the heads of files, newest first; the newest seals.
using HeadKeys = std::vector<crypto::AeadKey>;
HeadKeys head_keys(const RootKeys& roots);

// What the frames of a file hold: names and sealed boxes, no secret.
class Records {
 public:
  enum class Sort : std::uint8_t { key = 1, destroyed = 2 };
  struct Record {
    Sort sort{};
    std::string_view name;
    ByteView box;  // nonce ‖ ciphertext ‖ tag
  };
  static void put(Bytes& to, const Record& record);
  static Bytes frame(ByteView records);

  // Takes whole frames over and says how many bytes they were; the rest, if any, is a torn tail.
  // refused: damaged before the end.
  Result<std::size_t> add(ByteView frames);
  // All of that name, oldest first.
  std::vector<Record> find(std::string_view name) const;
  std::vector<Record> all() const;
  std::size_t memory() const { return bytes_.capacity() + order_.capacity() * sizeof(std::uint32_t); }

 private:
  Record at(std::uint32_t offset) const;

  Bytes bytes_;                       // the records of all frames
  std::vector<std::uint32_t> order_;  // where each begins, by name, then by age
};

// Not thread-safe: every call with the folder's lock held.
class KeyFile {
  std::string name_;
  const HeadKeys* roots_;
  Bytes head_;
  std::optional<crypto::AeadKey> key_;
  Records records_;
  std::uint64_t end_ = 0;  // of the whole frames
  bool torn_ = false;

 public:
  struct Entry {
    Records::Sort sort{};
    std::string name;
    Secret key;  // 32 bytes, or empty where destroyed
  };

  KeyFile(std::string name, const HeadKeys& roots) : name_(std::move(name)), roots_(&roots) {}

  const std::string& name() const { return name_; }
  std::size_t memory() const { return records_.memory(); }
  const Records& records() const { return records_; }

  // Brings memory to what stands on disk: nothing, the tail, or everything where the file was replaced meanwhile.
  // refused: damaged, or sealed under another root key.   unavailable: it cannot be read.
  Result<void> refresh(Folder& folder);
  // refused: the record was altered.
  Result<Secret> open(const Records::Record& record) const;
  // Durable before it returns.   Right after refresh(), with the lock for writing.
  Result<void> append(Folder& folder, const std::vector<Entry>& entries, Random& random);

  // Writes the file anew under a fresh file key, without what was called `without`, and with `also`; what stood there
  // is overwritten. Right after refresh(), with the lock for writing.
  struct Change {
    std::string_view without;
    std::optional<Entry> also;
  };
  Result<void> rewrite(Folder& folder, const Change& change, Random& random);
  // Whether an older root key than the newest sealed the head.
  bool is_under_old_root() const;

 private:
  Result<void> read_head(ByteView head);
  Result<void> take(ByteView frames, std::uint64_t from);
  void forget();
  void put(Bytes& records, const Entry& entry, const crypto::AeadKey& under, Random& random) const;
  Result<void> write_anew(Folder& folder, const std::vector<Entry>& entries, Random& random);
};

}  // namespace countersign::keys
