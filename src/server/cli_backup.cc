#include "server/cli_backup.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "server/data_dir.h"
#include "store/backup.h"

namespace countersign::server {
namespace {

constexpr std::string_view kDatabase = "countersign.db";

void add_one(CLI::App& app, const Globals& globals, std::function<int()>& chosen, const char* word, const char* meaning,
             Result<void> (*run)(const std::string&, const std::string&)) {
  CLI::App* sub = app.add_subcommand(word, meaning);
  sub->fallthrough();
  auto file = std::make_shared<std::string>();  // shared: the option and the callback refer to it
  sub->add_option("file", *file, "The copy's file")->required();
  sub->callback([&globals, &chosen, file, run] {
    chosen = [&globals, file, run] {
      const Result<void> done = run(globals.data, *file);
      if (!done) {
        complain(done.error());
        return done.error().code == Errc::unavailable ? kUnavailable : kRefused;
      }
      if (!globals.json) std::fprintf(stderr, "done; DIR/root.key is not in it and is needed, too: keep it apart\n");
      return kDone;
    };
  });
}

}  // namespace

Result<void> backup(const std::string& data, const std::string& to) {
  return store::copy_database(std::filesystem::path(data) / kDatabase, to);
}

Result<void> restore(const std::string& data, const std::string& from) {
  const DataDir dir = TRY(DataDir::open(data));  // nobody else may be at it
  const std::string next = dir.file("countersign.db.restored");
  std::error_code error;
  std::filesystem::remove(next, error);
  TRY(store::copy_database(from, next));
  for (const char* ending : {"", "-wal", "-shm"}) {
    const std::string now = dir.file(kDatabase) + ending;
    const std::string then = dir.file("countersign.db.replaced") + ending;
    if (std::filesystem::exists(then)) {
      return Error{Errc::conflict, then + " is there from an earlier restore; move it away first"};
    }
    if (!std::filesystem::exists(now)) continue;
    std::filesystem::rename(now, then, error);
    if (error) return Error{Errc::unavailable, now + ": cannot be moved: " + error.message()};
  }
  std::filesystem::rename(next, dir.file(kDatabase), error);
  if (error) return Error{Errc::unavailable, next + ": cannot be put in place: " + error.message()};
  return {};
}

void add_backup_commands(CLI::App& app, const Globals& globals, std::function<int()>& chosen) {
  add_one(app, globals, chosen, "backup",
          "Copy the embedded database to a new file, also while the server runs (PostgreSQL: use pg_dump)", backup);
  add_one(app, globals, chosen, "restore", "Put such a copy in place of the database, while no server runs", restore);
}

}  // namespace countersign::server
