// What opened rows look like at the tenant's side: the events of `countersign log`, or one CSV table of all of them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/history/opening.h"

namespace countersign::server {

// One JSON object, as the log has it.   malformed: a text of a version that this program does not know.
Result<std::string> event_json(const history::OpenedText& opened);

// Rows of differing events in one table (RFC 4180): columns are added as they come up; a dot steps into an object. A
// cell that a spreadsheet would take for a formula gets a quote in front.
class CsvTable {
  std::vector<std::string> columns_;
  std::vector<std::vector<std::pair<std::size_t, std::string>>> rows_;  // column and cell

 public:
  // malformed: not a JSON object.
  Result<void> add(std::string_view stream, std::string_view event);
  std::string text() const;
};

}  // namespace countersign::server
