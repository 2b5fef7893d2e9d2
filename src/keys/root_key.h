// Root keys: what everything sealed hangs on. One, or several while a rotation lasts; on a page neither swapped nor
// dumped.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/base/time.h"

namespace countersign::keys {

inline constexpr std::size_t kRootKeySize = 32;
inline constexpr std::size_t kRootIdSize = 4;
inline constexpr std::size_t kRootKeysMax = 8;
inline constexpr std::size_t kRootFileMax = 4096;

// The first bytes of SHA-256("countersign root key" ‖ key): tells keys apart and tells nothing about them.
using RootId = std::array<std::uint8_t, kRootIdSize>;
RootId root_id(ByteView key);

// HKDF-SHA-256 of a root key over its purpose and, where it is one tenant's or one epoch's, those: 32 bytes.
Bytes derive(ByteView root, std::string_view purpose, std::string_view whose, ByteView epoch);

// One of the list; the key is a view into it.
struct RootKey {
  RootId id;
  ByteView key;
  std::optional<Instant> made;  // none: before this was noted
};

// A list of 1 to kRootKeysMax keys and the digest keys. The first key is the one that seals, the newest in use; then
// come older ones, and those that wait to be used, which other servers must know before anything is sealed under them.
//
// The digest keys find what was given out (activation codes, remembered devices, credential ids): a digest cannot be
// made again without the token, so these keys must outlive every root key. They follow from the first root key, and are
// written down of their own when it gets company; from then on dropping the first loses nothing, and nobody comes
// from a digest key to a root key. Whoever holds an old root key holds them, and can only recognise tokens with them.
class RootKeys {
  struct Page;
  std::unique_ptr<Page> page_;

  explicit RootKeys(std::unique_ptr<Page> page);
  RootKeys(const RootKeys& other);

 public:
  RootKeys(RootKeys&&) noexcept;
  RootKeys& operator=(RootKeys&&) noexcept;
  ~RootKeys();  // wipes

  // 32 random bytes.
  static RootKeys fresh(Random& random);
  // Opens either form: 32 bytes are one key as it is, else what encode() writes.   refused: neither, or damaged.
  static Result<RootKeys> decode(ByteView stored);
  // One key that never had company: its 32 bytes. Else
  // "CSRK" ‖ 2 ‖ n ‖ n × (made, unix ms(8) ‖ key(32)) ‖ digest key(32) ‖ token keys ‖ the first 8 bytes of SHA-256 of
  // all before. Numbers are little-endian.
  Secret encode() const;

  // decode() of a file.   not_found: no such file.   refused: others may read it, it is not ours, not a file, or as
  // decode(); the text says what to do.   unavailable: it cannot be read.
  static Result<RootKeys> open(const std::string& file);
  // Writes a fresh key to `file`, mode 0600, whole or not at all, and durable before it returns.
  // conflict: the file is there already.   unavailable: it cannot be written.
  static Result<void> create(const std::string& file, Random& random);

  std::size_t size() const;
  RootKey at(std::size_t index) const;  // 0: the one that seals
  RootKey newest() const { return at(0); }
  std::optional<RootKey> find(ByteView id) const;

  // What numbers of pushes and purposes of tokens younger than rotation derive from.
  ByteView digest_key() const;
  // The key of digests for that purpose.
  Bytes token_key(std::string_view purpose) const;

  // The list with a fresh key that waits.   exhausted: it is full.
  Result<RootKeys> with_added(Random& random, Instant now) const;
  // The list with that key first.   not_found: it is not in it.
  Result<RootKeys> with_first(ByteView id) const;
  // The list without that key.   not_found: it is not in it.   conflict: it is the one that seals.
  Result<RootKeys> without(ByteView id) const;
};

}  // namespace countersign::keys
