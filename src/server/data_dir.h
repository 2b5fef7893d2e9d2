// The data directory: made on first start, held by one process at a time.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace countersign::server {

class DataDir {
  std::filesystem::path path_;
  int lock_ = -1;

  DataDir(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

 public:
  // Makes the directory with mode 0700 where it is missing, and holds DIR/lock until this object goes.
  // conflict: another process holds it.   refused: it belongs to somebody else.   unavailable: it cannot be made.
  static Result<DataDir> open(const std::filesystem::path& path);
  DataDir(DataDir&& other) noexcept;
  DataDir& operator=(DataDir&&) = delete;
  ~DataDir();

  const std::filesystem::path& path() const { return path_; }
  std::string file(std::string_view name) const { return (path_ / name).string(); }
};

// Writes a file whole or not at all, mode 0600 or 0644, durable before it returns.   unavailable: it cannot be written.
enum class Readers { owner, everyone };
Result<void> write_file(const std::string& file, std::string_view text, Readers readers);

}  // namespace countersign::server
