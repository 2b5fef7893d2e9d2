#include "store/open.h"

#include "store/memory/memory_store.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"

namespace countersign::store {
namespace {

constexpr std::string_view kFile = "countersign.db";

bool is_sqlite(std::string_view database) { return database.empty() || database == "sqlite"; }

bool is_postgres(std::string_view database) {
  return database.starts_with("postgresql://") || database.starts_with("postgres://");
}

Error unknown_address() {
  return {Errc::malformed, "a database is \"sqlite\" or a URL that begins with postgresql://"};
}

}  // namespace

Result<std::unique_ptr<Store>> open(std::string_view database, const std::filesystem::path& data_dir,
                                    Reserving reserving) {
  if (is_sqlite(database)) {
    std::unique_ptr<Store> opened = TRY(sqlite::SqliteStore::open(data_dir / kFile, {}, std::move(reserving)));
    return opened;
  }
  if (is_postgres(database)) {
    std::unique_ptr<Store> opened =
        TRY(postgres::PostgresStore::open(std::string(database), {}, std::move(reserving.on_space)));
    return opened;
  }
  return unknown_address();
}

std::unique_ptr<Store> open_memory() { return std::make_unique<MemoryStore>(); }

Result<std::vector<std::string>> migrate(std::string_view database, const std::filesystem::path& data_dir,
                                         Migrate how) {
  if (is_sqlite(database)) return sqlite::migrate(data_dir / kFile, how);
  if (is_postgres(database)) return postgres::migrate(std::string(database), how);
  return unknown_address();
}

}  // namespace countersign::store
