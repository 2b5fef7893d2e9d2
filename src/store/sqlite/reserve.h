// Room on the database's disk that is kept for sign-ins: a file of no content beside the database, given back to the
// file system bit by bit when the disk is full, and made again when there is room.
#pragma once

#include <atomic>
#include <filesystem>
#include <mutex>

#include "store/room.h"

namespace countersign::store::sqlite {

class Reserve {
  const std::filesystem::path file_;
  const Reserving wanted_;
  std::mutex mutex_;
  int fd_ = -1;                            // -1: none is wanted, or it cannot be made
  std::uint64_t whole_ = 0;                // what it is to be again
  std::atomic<std::uint64_t> held_{0};
  std::atomic<Space> space_{Space::enough};

  void tell(Space now);
  void grow_to(std::uint64_t bytes);

 public:
  // Of the file system that `database` is on, also where that is a link. Where the disk is full already a first bit is
  // given back at once, so that the database can be opened.
  Reserve(const std::filesystem::path& database, Reserving wanted);
  ~Reserve();
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;

  // Somebody met a full disk: gives back a bit. False: nothing is left.
  bool give();
  // To be called each second: looks at the disk, and makes the reserve whole where there is room for it and more.
  void tend();

  Room room() const { return {space_.load(), held_.load()}; }
};

}  // namespace countersign::store::sqlite
