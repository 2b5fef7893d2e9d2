#include "keys/releases.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "core/codec/hex.h"
#include "core/codec/http_date.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "core/crypto/hash.h"

namespace countersign::keys {
namespace {

constexpr std::uint64_t kReadAtOnce = 1024 * 1024;

std::string digest(std::string_view line) {
  return codec::to_hex(crypto::hash(crypto::HashKind::sha256, bytes_of(line)));
}

std::string first_before() { return std::string(64, '0'); }

Error broken(std::uint64_t line, std::string_view what) {
  return {Errc::refused, "line " + std::to_string(line) + ": " + std::string(what)};
}

// Checks one line, without its line end, against the number and the digest it must have.
Result<void> check_line(std::string_view line, std::uint64_t number, std::string_view before) {
  if (line.size() > kReleaseLineMax) return broken(number, "too long");
  const Result<codec::Json> json = codec::parse_json(line, kReleaseLineMax);
  if (!json) return broken(number, "no JSON");
  const codec::Json* n = json->find("n");
  const codec::Json* link = json->find("before");
  if (!n || !n->is_int() || !link || !link->is_string()) return broken(number, "no release");
  if (static_cast<std::uint64_t>(*n->as_int()) != number) return broken(number, "a line is missing or out of order");
  if (*link->as_string() != before) return broken(number, "does not follow from the line before");
  return {};
}

// Held while a list is written, also against other processes.
class FileLock {
  int fd_;

 public:
  explicit FileLock(int fd) : fd_(fd) {}
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock() { ::flock(fd_, LOCK_UN); }
};

std::string line_of(const Release& why, const Released& what, Instant now, std::uint64_t number,
                    std::string_view before) {
  codec::JsonWriter w;
  w.begin_object().key("n").integer(number).key("time").string(codec::iso_date(now));
  w.key("key").string(what.key).key("tenant").string(why.tenant.text()).key("day").integer(what.day);
  if (!what.epoch.empty()) w.key("epoch").string(what.epoch);
  w.key("credential").string(why.credential).key("purpose").string(why.purpose);
  w.key("before").string(before).end_object();
  return w.take();
}

}  // namespace

Result<std::uint64_t> check_releases(std::string_view text) {
  std::string before = first_before();
  std::uint64_t count = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return broken(count + 1, "cut short");
    const std::string_view line = text.substr(0, end);
    TRY(check_line(line, ++count, before));
    before = digest(line);
    text.remove_prefix(end + 1);
  }
  return count;
}

Releases::Releases(Folder& folder, const Clock& clock) : folder_(folder), clock_(clock), last_(first_before()) {}

// Reads what other processes wrote since, and cuts a line that a crash left half written: its key was not given out.
Result<void> Releases::catch_up(const File& file) {
  const std::uint64_t size = TRY(file.size());
  if (size < end_)
    return Error{Errc::refused, "the list of releases became shorter; restore it, or put it aside whole"};
  std::string pending;
  for (std::uint64_t at = end_; at < size;) {
    const std::uint64_t step = std::min(size - at, kReadAtOnce);
    const Bytes part = TRY(file.read(at, step));
    pending += text_of(part);
    at += step;
    std::size_t done = 0;
    for (std::size_t end; (end = pending.find('\n', done)) != pending.npos; done = end + 1) {
      const std::string_view line = std::string_view(pending).substr(done, end - done);
      TRY(check_line(line, count_ + 1, last_));
      last_ = digest(line);
      ++count_;
      end_ += line.size() + 1;
    }
    pending.erase(0, done);
    if (pending.size() > kReleaseLineMax) return broken(count_ + 1, "too long");
  }
  if (!pending.empty()) TRY(file.cut(end_));
  return {};
}

Result<void> Releases::note(const Release& why, const Released& what) {
  if (why.credential.size() > kReleaseWordsMax || why.purpose.size() > kReleaseWordsMax) {
    return Error{Errc::malformed, "a credential or purpose is longer than 256 bytes"};
  }
  TRY(folder_.prepare());
  const std::lock_guard lock(mutex_);
  const File file = TRY(folder_.open_or_make(kReleasesName));
  while (::flock(file.fd(), LOCK_EX) != 0) {
    if (errno != EINTR) return Error{Errc::unavailable, "the list of releases cannot be locked"};
  }
  const FileLock held(file.fd());
  TRY(catch_up(file));
  const std::string line = line_of(why, what, clock_.now(), count_ + 1, last_);
  TRY(file.append(end_, bytes_of(line + "\n")));
  last_ = digest(line);
  end_ += line.size() + 1;
  ++count_;
  return {};
}

}  // namespace countersign::keys
