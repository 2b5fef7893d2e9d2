#include "faces/control/csv.h"

#include <algorithm>

namespace countersign::control {
namespace {

constexpr std::string_view kMark = "\xef\xbb\xbf";

bool line_end(char c) { return c == '\n' || c == '\r'; }

}  // namespace

void CsvReader::skip_line() {
  const std::size_t end = text_.find('\n', at_);
  at_ = end == std::string_view::npos ? text_.size() : end + 1;
  ++line_;
}

Result<std::string> CsvReader::field() {
  std::string out;
  if (at_ >= text_.size() || text_[at_] != '"') {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ',' && !line_end(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  for (++at_;; ++at_) {
    if (at_ >= text_.size()) return Error{Errc::malformed, "a quote that does not end"};
    const char c = text_[at_];
    if (c == '"') {
      if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        ++at_;
      } else {
        break;
      }
    }
    if (c == '\n') ++line_;
    out.push_back(c);
  }
  ++at_;
  if (at_ < text_.size() && text_[at_] != ',' && !line_end(text_[at_])) {
    return Error{Errc::malformed, "something behind the quote that ends a field"};
  }
  return out;
}

Result<std::optional<CsvRecord>> CsvReader::next() {
  if (at_ == 0 && text_.starts_with(kMark)) at_ = kMark.size();
  while (at_ < text_.size() && line_end(text_[at_])) {
    if (text_[at_] == '\n') ++line_;
    ++at_;
  }
  if (at_ >= text_.size()) return std::optional<CsvRecord>();
  CsvRecord record{line_, {}};
  const std::size_t begin = at_;
  for (;;) {
    Result<std::string> one = field();
    const bool large = record.fields.size() >= kCsvFieldsMax || at_ - begin > kCsvRecordMax;
    if (!one || large) {
      skip_line();
      return one ? Error{Errc::exhausted, "more than 100 fields or 64 KiB in a record"} : one.error();
    }
    record.fields.push_back(*std::move(one));
    if (at_ >= text_.size() || text_[at_] != ',') break;
    ++at_;
  }
  if (at_ < text_.size()) skip_line();
  return std::optional<CsvRecord>(std::move(record));
}

std::string write_csv(const std::vector<std::string>& fields) {
  std::string out;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) out.push_back(',');
    const bool quoted = fields[i].find_first_of(",\"\r\n") != std::string::npos || fields.size() == 1 ||
                        fields[i].starts_with(kMark);  // a byte order mark would be skipped
    if (!quoted) {
      out += fields[i];
      continue;
    }
    out.push_back('"');
    for (const char c : fields[i]) {
      if (c == '"') out.push_back('"');
      out.push_back(c);
    }
    out.push_back('"');
  }
  return out + "\n";
}

}  // namespace countersign::control
