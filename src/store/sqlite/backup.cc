#include "store/backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <system_error>

namespace countersign::store {
namespace {

constexpr mode_t kOwnerFile = 0600;

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};
using Database = std::unique_ptr<sqlite3, Close>;

Error error_of(int code, const std::filesystem::path& file) {
  const int plain = code & 0xff;
  const Errc errc = plain == SQLITE_NOTADB || plain == SQLITE_CORRUPT ? Errc::malformed : Errc::unavailable;
  return Error{errc, file.string() + ": " + sqlite3_errstr(code)};
}

Result<Database> open(const std::filesystem::path& file, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
  Database db(raw);
  if (code != SQLITE_OK) return error_of(code, file);
  sqlite3_busy_timeout(raw, 5000);
  return db;
}

Result<void> check(const std::filesystem::path& file) {
  const Database db = TRY(open(file, SQLITE_OPEN_READONLY));
  std::string verdict;
  const auto keep = [](void* to, int, char** values, char**) {
    *static_cast<std::string*>(to) = values[0] != nullptr ? values[0] : "";
    return 0;
  };
  const int code = sqlite3_exec(db.get(), "PRAGMA quick_check(1)", keep, &verdict, nullptr);
  if (code != SQLITE_OK) return error_of(code, file);
  if (verdict != "ok") return Error{Errc::malformed, file.string() + ": the database is damaged: " + verdict};
  return {};
}

// In one step: the source is read on one snapshot, and writers do not restart it.
Result<void> copy_pages(const std::filesystem::path& from, const std::filesystem::path& to) {
  const Database source = TRY(open(from, SQLITE_OPEN_READONLY));
  const Database target = TRY(open(to, SQLITE_OPEN_READWRITE));
  sqlite3_backup* backup = sqlite3_backup_init(target.get(), "main", source.get(), "main");
  if (backup == nullptr) return error_of(sqlite3_errcode(target.get()), to);
  const int stepped = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (stepped != SQLITE_DONE) return error_of(stepped, from);
  if (finished != SQLITE_OK) return error_of(finished, to);
  // The copy is one file without a log beside it until a server opens it.
  const int code = sqlite3_exec(target.get(), "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of(code, to);
  return {};
}

Result<void> sync_all(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  for (const auto& path : {file, folder}) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = fd >= 0 && ::fsync(fd) == 0;
    if (fd >= 0) ::close(fd);
    if (!synced) return Error{Errc::unavailable, path.string() + ": cannot be synced to disk"};
  }
  return {};
}

}  // namespace

Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(from, ignored)) {
    return Error{Errc::not_found, from.string() + ": there is no database"};
  }
  const int fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerFile);
  if (fd < 0) {
    const bool there = std::filesystem::exists(to, ignored);
    return Error{there ? Errc::conflict : Errc::unavailable,
                 to.string() + (there ? ": exists already; name a new file" : ": cannot be written")};
  }
  ::close(fd);
  Result<void> done = copy_pages(from, to);
  if (done) done = check(to);
  if (done) done = sync_all(to);
  if (!done) std::filesystem::remove(to, ignored);
  return done;
}

}  // namespace countersign::store
