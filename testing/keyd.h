// For tests: the test program itself is the keys' process when its first word is `keyd`.
#pragma once

#include <sys/random.h>

#include <filesystem>
#include <memory>
#include <string>

#include "keys/remote.h"
#include "testing/seeded_random.h"
#include "testing/temp_dir.h"

namespace countersign::keys {

class KernelRandom : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    if (::getrandom(out.data(), out.size(), 0) != static_cast<ssize_t>(out.size())) std::abort();
  }
};

// A root key and a keyring of their own, on disk.
struct KeyFiles {
  testing::TempDir folder;
  testing::SeededRandom random;
  LocalKeys::Files files;

  KeyFiles() {
    files.root_key = (folder.path() / "root.key").string();
    files.keyring = (folder.path() / "keyring").string();
    if (!LocalKeys::create(files.root_key, random)) std::abort();
  }
  std::unique_ptr<RemoteKeys> remote() {
    auto out = RemoteKeys::open({files, "/proc/self/exe", [](auto) {}});
    if (!out) std::abort();
    return *std::move(out);
  }
};

}  // namespace countersign::keys
