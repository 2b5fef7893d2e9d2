// The root key: 32 random bytes in a file of the owner's alone; in memory on a page that is neither swapped nor dumped.
#pragma once

#include <memory>
#include <string>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"

namespace countersign::keys {

inline constexpr std::size_t kRootKeySize = 32;

class RootKey {
  struct Page;
  std::unique_ptr<Page> page_;

  explicit RootKey(std::unique_ptr<Page> page);

 public:
  RootKey(RootKey&&) noexcept;
  RootKey& operator=(RootKey&&) noexcept;
  ~RootKey();  // wipes

  // not_found: no such file.   refused: others may read it, it is not ours, not a file, or not 32 bytes long; the text
  // says what to do.   unavailable: it cannot be read.
  static Result<RootKey> open(const std::string& file);

  // Writes a new key to `file`, mode 0600, whole or not at all, and durable before it returns.
  // conflict: the file is there already.   unavailable: it cannot be written.
  static Result<void> create(const std::string& file, Random& random);

  ByteView bytes() const;
};

}  // namespace countersign::keys
