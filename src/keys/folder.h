// The keyring's directory, of the owner's alone, shared by the processes that work on one database: files are opened by
// name below it, and a lock says who may write.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace countersign::keys {

// An open file; closed when it goes. Errors name the file and are unavailable.
class File {
  int fd_ = -1;
  std::string name_;

 public:
  File(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)) {}
  File& operator=(File&&) = delete;
  ~File();

  int fd() const { return fd_; }
  Result<std::uint64_t> size() const;
  // Exactly `count` bytes from `from`; unavailable also: the file is shorter.
  Result<Bytes> read(std::uint64_t from, std::size_t count) const;
  // Adds at `end`, durable before it returns. Where that fails the file is cut to `end` again.
  Result<void> append(std::uint64_t end, ByteView bytes) const;
  // Cuts to `size`, durable.
  Result<void> cut(std::uint64_t size) const;
  // Writes zeros over everything, durable. A file system that copies on write, a snapshot, or a disk that moves its
  // blocks may keep the old bytes all the same: the honest limit of destroying a key in a file (decision 0008).
  Result<void> overwrite() const;

 private:
  Error failed(const char* what) const;
  Result<void> write_at(std::uint64_t at, ByteView bytes) const;
};

// Thread-safe. Nothing is made before the first write.
class Folder {
  std::string path_;
  std::mutex mutex_;  // flock() is between processes; this is between threads
  std::mutex opening_;
  int fd_ = -1, lock_ = -1;

 public:
  enum class For { reading, writing };
  // Held until it goes.
  class Lock {
    std::unique_lock<std::mutex> held_;
    int fd_;

   public:
    Lock(std::unique_lock<std::mutex> held, int fd) : held_(std::move(held)), fd_(fd) {}
    Lock(Lock&& other) noexcept : held_(std::move(other.held_)), fd_(std::exchange(other.fd_, -1)) {}
    Lock& operator=(Lock&&) = delete;
    ~Lock();
  };

  explicit Folder(std::string path) : path_(std::move(path)) {}
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  const std::string& path() const { return path_; }
  // Makes the directory where it is missing (its parent must be there) and opens it.
  // refused: others may enter it, or it belongs to somebody else; the text says what to do.
  Result<void> prepare();
  // The directory itself; -1 before prepare().
  int fd() const { return fd_; }

  // not_found: nothing was ever written, and `what` is reading.
  Result<Lock> lock(For what);

  // Below: only with the lock held.
  // not_found: no such file.
  Result<File> open(const std::string& name);
  // The same without the lock held, durable, and made where there is none: for files with a lock of their own.
  Result<File> open_or_make(const std::string& name);
  // A file written whole or not at all, durable before it returns. Where the name exists already, what stood there is
  // overwritten before it goes.
  Result<void> replace(const std::string& name, ByteView content);
  // Overwrites what a crash inside replace() left.   The answer: whether there was anything.
  Result<bool> finish_replacing(const std::string& name);
  Result<std::vector<std::string>> names();
  Result<void> make_durable();

 private:
  bool is_missing();
  Error failed(const std::string& name, const char* what) const;
};

}  // namespace countersign::keys
