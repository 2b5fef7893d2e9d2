// The factories: a store by its address, brought to the newest schema and checked statement by statement.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace countersign::store {

// `database`: empty or "sqlite" for data_dir/countersign.db, or "postgresql://…" (also "postgres://…").
// malformed: another address. refused: the database was written by a newer version, or its schema does not fit.
// unavailable: it cannot be reached, created or written; `what` says what to do, without the address's password.
Result<std::unique_ptr<Store>> open(std::string_view database, const std::filesystem::path& data_dir,
                                    Reserving reserving = {});

// A store that forgets: SQLite in memory, writes run and answer within the call (docs/decisions/0002).
std::unique_ptr<Store> open_memory();

enum class Migrate {
  up,       // runs what is pending
  dry_run,  // tells what `up` would run
  undo,     // takes the newest one back
};

// The names of the migrations run (or that would be run), in order. Errors as for open; not_found: nothing to undo.
Result<std::vector<std::string>> migrate(std::string_view database, const std::filesystem::path& data_dir, Migrate how);

}  // namespace countersign::store
