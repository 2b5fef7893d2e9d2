#include "core/history/opening.h"

#include <charconv>
#include <chrono>
#include <utility>

#include "core/history/wire.h"

namespace countersign::history {
namespace {

// A field as core/record binds it to a row: its length in eight bytes, the low one first, and the field.
std::string_view bound_field(Reader& in) {
  std::uint64_t size = 0;
  const ByteView length = in.take(sizeof(size));
  for (std::size_t i = length.size(); i-- > 0;) size = size << 8 | length[i];
  return text_of(in.take(size));
}

Error cut_off() { return {Errc::malformed, "the file was cut off: its end is missing"}; }

std::string date_of(std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  const auto digits = [](unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return std::to_string(int(date.year())) + "-" + digits(unsigned(date.month())) + "-" + digits(unsigned(date.day()));
}

std::string sentence(const std::string& place, const Error& error) {
  if (error.code == Errc::not_found) return place + ": not sealed to this key";
  return place + ": " + name(error.code) + ": " + error.what;
}

}  // namespace

Result<RowSubject> decode_subject(std::string_view open) {
  Reader in(bytes_of(open));
  RowSubject out;
  const std::string_view tenant = bound_field(in);
  out.stream = bound_field(in);
  const std::string_view id = bound_field(in), day = bound_field(in);
  std::from_chars(day.data(), day.data() + day.size(), out.day);
  const bool plain = std::to_string(out.day) == day && out.day >= 0 && out.day <= kDayMax;
  if (!in.whole() || !plain) return Error{Errc::malformed, "what stands beside the row is not of its form"};
  out.tenant = TRY(TenantId::parse(tenant));
  out.id = TRY(EventId::parse(id));
  return out;
}

Result<void> Opening::begin(const ExportHead& head) {
  if (!whole_) return cut_off();
  if (!tenant_.empty() && tenant_ != head.tenant) return Error{Errc::refused, "these files are of two tenants"};
  tenant_ = head.tenant;
  whole_ = false;
  rows_ = 0;
  return {};
}

Result<void> Opening::add_epoch(const ExportEpoch& line, OpeningStep& step) {
  Epoch epoch;
  epoch.header = TRY(decode_header(line.header));
  if (!line.trailer.empty()) epoch.trailer = TRY(decode_trailer(line.trailer));
  const EpochHeader& header = epoch.header;
  if (header.tenant != tenant_) return Error{Errc::refused, "the file holds epochs of another tenant"};
  if (epoch.trailer && epoch.trailer->id != header.id) return Error{Errc::malformed, "a trailer of another epoch"};
  const auto day_key = day_keys_.find(header.day);
  if (day_key == day_keys_.end()) {
    step.problems.push_back("no key of " + date_of(header.day) + " was released with this export");
  } else {
    const Result<Secret> key = unwrap(header, key_, day_key->second.reveal_bytes());
    if (key) {
      epoch.key = TRY(EpochKey::make(header, *key));
    } else {
      step.problems.push_back(sentence(date_of(header.day), key.error()));
    }
  }
  const EpochId id = header.id;
  if (!epochs_.emplace(id, std::move(epoch)).second) return Error{Errc::malformed, "an epoch stands twice"};
  return {};
}

Result<void> Opening::open_row(const ExportRow& line, OpeningStep& step) {
  const RowPlace place = TRY(place_of(line.row));
  const auto found = epochs_.find(place.epoch);
  if (found == epochs_.end()) return Error{Errc::malformed, "a row stands before its epoch"};
  Epoch& epoch = found->second;
  ++rows_;
  if (!epoch.hashes.emplace(place.number, row_hash(line.open, line.row)).second) {
    return Error{Errc::malformed, "a row stands twice"};
  }
  if (!epoch.key) {
    ++closed_;
    return {};
  }
  const auto open = [&]() -> Result<OpenedText> {
    std::string text = TRY(epoch.key->open(line.open, line.row));
    RowSubject subject = TRY(decode_subject(line.open));
    const bool home = subject.tenant == epoch.header.tenant && subject.day == epoch.header.day;
    if (!home) return Error{Errc::refused, "the row is not where it belongs"};
    return OpenedText{std::move(subject), place.number, std::move(text)};
  };
  Result<OpenedText> opened = open();
  if (opened) {
    ++opened_;
    step.row = *std::move(opened);
  } else {
    ++closed_;
    step.problems.push_back(
        sentence(date_of(epoch.header.day) + ", row " + std::to_string(place.number), opened.error()));
  }
  return {};
}

Result<void> Opening::end(const ExportEnd& line, OpeningStep& step) {
  if (line.rows != rows_) return Error{Errc::malformed, "the file does not hold as many rows as it says"};
  whole_ = true;
  for (const auto& [id, epoch] : epochs_) {
    if (!epoch.trailer) continue;
    std::vector<Bytes> hashes;
    for (const auto& [number, hash] : epoch.hashes) hashes.push_back(hash);
    const Result<void> complete = check(*epoch.trailer, id, hashes);
    if (!complete) step.problems.push_back(date_of(epoch.header.day) + ": incomplete: " + complete.error().what);
  }
  epochs_.clear();
  return {};
}

Result<OpeningStep> Opening::take(std::string_view text) {
  ExportLine line = TRY(decode_export_line(text));
  OpeningStep step;
  if (const auto* head = std::get_if<ExportHead>(&line)) {
    TRY(begin(*head));
    return step;
  }
  if (whole_) return Error{Errc::malformed, "the file does not begin as an export does"};
  if (auto* day = std::get_if<ExportDay>(&line)) day_keys_.insert_or_assign(day->day, std::move(day->key));
  if (const auto* epoch = std::get_if<ExportEpoch>(&line)) TRY(add_epoch(*epoch, step));
  if (const auto* row = std::get_if<ExportRow>(&line)) TRY(open_row(*row, step));
  if (const auto* last = std::get_if<ExportEnd>(&line)) TRY(end(*last, step));
  return step;
}

Result<void> Opening::end_of_file() const {
  if (!whole_) return cut_off();
  return {};
}

}  // namespace countersign::history
