// Objects of an answer on a terminal: a page, a table, bare codes, or the JSON as it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "faces/control/commands.h"

namespace countersign::server {

class RowPrinter {
  control::Rows rows_;
  bool headed_ = false;

 public:
  explicit RowPrinter(control::Rows rows) : rows_(rows) {}
  // Prints one row to stdout.
  void print(std::string_view row);
};

// What print() writes, with its line ends; for tests.
std::string page(const codec::Json& object, std::size_t indent);

}  // namespace countersign::server
