// A folder that goes away with the test.
#pragma once

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace countersign::testing {

class TempDir {
  std::filesystem::path path_;

 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "countersign-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }
};

}  // namespace countersign::testing
