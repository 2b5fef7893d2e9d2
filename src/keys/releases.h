// The key side's own list of the keys it gave out (security.md §2.3): one line of JSON each in releases.log, on disk
// before the key leaves. Each line has the SHA-256 of the line before, so that nothing in the middle can be changed or
// taken out; lines missing at the end show against the ledger, which has the same releases.
//
//   {"n":1,"time":"2026-11-22T04:00:00.000000+00:00","key":"epoch","tenant":"DA…","day":20779,"epoch":"9f…",
//    "credential":"…","purpose":"…","before":"00…"}
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "keys/folder.h"
#include "keys/history_keys.h"

namespace countersign::keys {

inline constexpr std::size_t kReleaseWordsMax = 256;  // of a credential and of a purpose
inline constexpr std::size_t kReleaseLineMax = 4096;
inline constexpr const char* kReleasesName = "releases.log";

struct Released {
  std::string_view key;  // "epoch" or "day"
  std::int64_t day = 0;
  std::string epoch;  // its id in hexadecimal, or empty
};

// Checks a whole list and answers how many lines it has.
// refused: the first line that is no release, is out of order, or does not follow from the one before; "line N: …".
Result<std::uint64_t> check_releases(std::string_view text);

// Thread-safe; several processes may write one list.
class Releases {
  Folder& folder_;
  const Clock& clock_;
  std::mutex mutex_;
  std::uint64_t end_ = 0, count_ = 0;  // what was read or written of the file so far
  std::string last_;                   // SHA-256 of the last line, in hexadecimal

 public:
  Releases(Folder& folder, const Clock& clock);

  // Durable before it returns.   malformed: a credential or purpose over 256 bytes.   unavailable: it cannot be
  // written; then nothing may leave.   refused: the list was altered.
  Result<void> note(const Release& why, const Released& what);

 private:
  Result<void> catch_up(const File& file);
};

}  // namespace countersign::keys
