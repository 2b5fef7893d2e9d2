// migrations/NNNN_name.sql: read, spelt for an engine, and run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/open.h"
#include "store/store.h"

namespace countersign::store {

enum class Engine { sqlite, postgres };

struct Migration {
  int number;
  std::string name;  // "0001_first"
  std::string up;
  std::string down;
};

// `text` with @bytes @int @text @serial @strict @clustered as the engine writes them.
std::string in_dialect(std::string_view text, Engine engine);

// The embedded ones, in order, spelt for `engine`. 0000 makes the table the others are noted in.
std::vector<Migration> migrations(Engine engine);

// What the runner asks of an engine: a connection of its own.
class MigrationTarget {
 public:
  virtual ~MigrationTarget() = default;
  virtual Engine engine() const = 0;
  // Runs `flow` in one write transaction.
  virtual Result<void> transact(const Flow& flow) = 0;
  // Runs several statements; within transact's flow, in that transaction.
  virtual Result<void> script(const std::string& sql) = 0;
};

// Each migration commits with the row that notes it, so an interrupted run goes on where it stopped, and of two nodes
// that start together one runs it and the other finds it done.
// refused: the database knows a migration that this program does not. not_found: nothing to undo.
Result<std::vector<std::string>> run_migrations(MigrationTarget& target, Migrate how);

}  // namespace countersign::store
