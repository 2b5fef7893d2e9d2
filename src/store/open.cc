#include "store/open.h"

#include "store/memory/memory_store.h"
#include "store/sqlite/sqlite_store.h"

namespace countersign::store {
namespace {

constexpr std::string_view kFile = "countersign.db";

bool is_sqlite(std::string_view database) { return database.empty() || database == "sqlite"; }

Error unknown_address() {
  return {Errc::malformed, "a database is \"sqlite\" or a URL that begins with postgresql://"};
}

}  // namespace

Result<std::unique_ptr<Store>> open(std::string_view database, const std::filesystem::path& data_dir) {
  if (is_sqlite(database)) {
    std::unique_ptr<Store> opened = TRY(sqlite::SqliteStore::open(data_dir / kFile, {}));
    return opened;
  }
  return unknown_address();
}

std::unique_ptr<Store> open_memory() { return std::make_unique<MemoryStore>(); }

Result<std::vector<std::string>> migrate(std::string_view database, const std::filesystem::path& data_dir,
                                         Migrate how) {
  if (is_sqlite(database)) return sqlite::migrate(data_dir / kFile, how);
  return unknown_address();
}

}  // namespace countersign::store
