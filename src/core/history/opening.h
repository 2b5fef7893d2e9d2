// Opens an export at the tenant's side, line by line: one rule of what is refused, for the command line and for tests
// of other readers (docs/protocols/history-export.md).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/history/epoch.h"
#include "core/history/export.h"

namespace countersign::history {

// What stands open beside a row, signed with it.
struct RowSubject {
  TenantId tenant;
  std::string stream;
  EventId id;
  std::int64_t day = 0;
};
// malformed: not the four fields.
Result<RowSubject> decode_subject(std::string_view open);

struct OpenedText {
  RowSubject subject;
  std::uint64_t number = 0;
  std::string text;
};

// What a line brought: a row that opened, or why something did not.
struct OpeningStep {
  std::optional<OpenedText> row;
  std::vector<std::string> problems;
};

class Opening {
 public:
  explicit Opening(const crypto::X25519Key& key) : key_(key) {}  // outlives this object

  // Lines of one or several files, in their order. Rows that do not open are problems and do not end it.
  // malformed: not lines of an export, or not in an order that there is.   refused: files of two tenants.
  Result<OpeningStep> take(std::string_view line);
  // malformed: the file was cut off.
  Result<void> end_of_file() const;

  std::uint64_t opened() const { return opened_; }
  std::uint64_t closed() const { return closed_; }  // rows that did not open

 private:
  struct Epoch {
    EpochHeader header;
    std::optional<EpochTrailer> trailer;
    std::optional<EpochKey> key;
    std::map<std::uint64_t, Bytes> hashes;  // by number
  };

  Result<void> begin(const ExportHead& head);
  Result<void> add_epoch(const ExportEpoch& line, OpeningStep& step);
  Result<void> open_row(const ExportRow& line, OpeningStep& step);
  Result<void> end(const ExportEnd& line, OpeningStep& step);

  const crypto::X25519Key& key_;
  TenantId tenant_;
  bool whole_ = true;
  std::uint64_t rows_ = 0, opened_ = 0, closed_ = 0;
  std::map<std::int64_t, Secret> day_keys_;
  std::map<EpochId, Epoch> epochs_;
};

}  // namespace countersign::history
