// Comma-separated values (RFC 4180), read record by record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace countersign::control {

inline constexpr std::size_t kCsvFieldsMax = 100;
inline constexpr std::size_t kCsvRecordMax = 64 * 1024;  // bytes

struct CsvRecord {
  std::int64_t line = 0;             // where it begins, from 1
  std::vector<std::string> fields;
};

// Reads a text that comes in pieces.
class CsvReader {
  std::string_view text_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;

 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  // The next record, empty lines skipped; nothing at the end. A byte order mark at the front is skipped.
  // malformed, with the line: a quote that does not end or has something behind it. The next call goes on after it.
  // exhausted: more than 100 fields or 64 KiB; likewise.
  Result<std::optional<CsvRecord>> next();
  std::int64_t line() const { return line_; }

 private:
  void skip_line();
  Result<std::string> field();
};

// The record as a line with its end, quoted where needed; next() reads it back.
std::string write_csv(const std::vector<std::string>& fields);

}  // namespace countersign::control
