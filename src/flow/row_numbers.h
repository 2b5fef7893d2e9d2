// Rows of epochs as runs of numbers: what adds up the rows that thousands of events name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger/event.h"

namespace countersign::flow {

// Numbers of rows of one epoch.
class RowNumbers {
  std::map<std::uint64_t, std::uint64_t> runs_;  // first to last; none touches the next

 public:
  void add(std::uint64_t first, std::uint64_t last);
  void add(const RowNumbers& other);
  bool has(std::uint64_t number) const;
  std::uint64_t count() const;
  const std::map<std::uint64_t, std::uint64_t>& runs() const { return runs_; }
  std::string text() const;  // as ledger::row_ranges
  bool operator==(const RowNumbers&) const = default;
};

// By epoch, 32 hex digits.
using RowsByEpoch = std::map<std::string, RowNumbers, std::less<>>;
// malformed: a row set that is not of its form.
Result<void> add_rows(RowsByEpoch& to, const std::vector<ledger::RowSet>& rows);
void add_rows(RowsByEpoch& to, const RowsByEpoch& rows);
std::uint64_t count_rows(const RowsByEpoch& rows);

}  // namespace countersign::flow
