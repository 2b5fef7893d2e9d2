#include "flow/row_numbers.h"

#include <algorithm>

namespace countersign::flow {

void RowNumbers::add(std::uint64_t first, std::uint64_t last) {
  auto at = runs_.upper_bound(first);
  if (at != runs_.begin() && std::prev(at)->second + 1 >= first) --at;
  while (at != runs_.end() && at->first <= last + 1) {
    first = std::min(first, at->first);
    last = std::max(last, at->second);
    at = runs_.erase(at);
  }
  runs_.emplace_hint(at, first, last);
}

void RowNumbers::add(const RowNumbers& other) {
  for (const auto& [first, last] : other.runs_) add(first, last);
}

bool RowNumbers::has(std::uint64_t number) const {
  const auto after = runs_.upper_bound(number);
  return after != runs_.begin() && std::prev(after)->second >= number;
}

std::uint64_t RowNumbers::count() const {
  std::uint64_t out = 0;
  for (const auto& [first, last] : runs_) out += last - first + 1;
  return out;
}

std::string RowNumbers::text() const {
  std::string out;
  for (const auto& [first, last] : runs_) {
    if (!out.empty()) out += ',';
    out += std::to_string(first);
    if (last != first) out += '-' + std::to_string(last);
  }
  return out;
}

Result<void> add_rows(RowsByEpoch& to, const std::vector<ledger::RowSet>& rows) {
  for (const ledger::RowSet& set : rows) {
    const std::vector<std::uint64_t> numbers = TRY(ledger::parse_row_ranges(set.rows));
    RowNumbers& epoch = to[set.epoch];
    for (std::size_t i = 0; i < numbers.size();) {
      std::size_t end = i;
      while (end + 1 < numbers.size() && numbers[end + 1] == numbers[end] + 1) ++end;
      epoch.add(numbers[i], numbers[end]);
      i = end + 1;
    }
  }
  return {};
}

void add_rows(RowsByEpoch& to, const RowsByEpoch& rows) {
  for (const auto& [epoch, numbers] : rows) to[epoch].add(numbers);
}

std::uint64_t count_rows(const RowsByEpoch& rows) {
  std::uint64_t out = 0;
  for (const auto& [epoch, numbers] : rows) out += numbers.count();
  return out;
}

}  // namespace countersign::flow
