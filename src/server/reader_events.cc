#include "server/reader_events.h"

#include <algorithm>

#include "core/codec/json_read.h"
#include "core/record/stored_event.h"

namespace countersign::server {
namespace {

template <class Event>
Result<std::string> decoded(const history::OpenedText& opened) {
  Event event;
  event.id = opened.subject.id;
  event.tenant = opened.subject.tenant;
  TRY(record::decode(opened.text, event));
  return record::to_log_json(event);
}

std::string text_of(const codec::Json& value) {
  if (const auto text = value.as_string()) return std::string(*text);
  if (const auto yes = value.as_bool()) return *yes ? "true" : "false";
  if (const auto number = value.as_int()) return std::to_string(*number);
  if (const auto number = value.as_double()) return std::to_string(*number);
  std::string out;
  for (const codec::Json& item : value.items()) out += (out.empty() ? "" : ", ") + text_of(item);
  return out;
}

constexpr std::string_view kFormulas = "=+-@\t\r";

using Cells = std::vector<std::pair<std::string, std::string>>;

void flatten(const codec::Json& value, const std::string& name, Cells& into) {  // NOLINT(misc-no-recursion): depth 32
  if (!value.is_object()) {
    into.emplace_back(name, text_of(value));
    return;
  }
  for (const auto& [key, member] : value.members()) flatten(member, name.empty() ? key : name + "." + key, into);
}

std::string cell(std::string_view value) {
  std::string text(value);
  if (!text.empty() && kFormulas.find(text[0]) != kFormulas.npos) text.insert(text.begin(), '\'');
  if (text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

}  // namespace

Result<std::string> event_json(const history::OpenedText& opened) {
  if (opened.text.starts_with('{')) {
    TRY(codec::parse_json(opened.text));
    return opened.text;
  }
  const std::string& stream = opened.subject.stream;
  if (stream == "authentication") return decoded<record::AuthEvent>(opened);
  if (stream == "activity") return decoded<record::ActivityEvent>(opened);
  return Error{Errc::malformed, "an event of a stream that this program does not know"};
}

Result<void> CsvTable::add(std::string_view stream, std::string_view event) {
  const codec::Json json = TRY(codec::parse_json(event));
  if (!json.is_object()) return Error{Errc::malformed, "an event is a JSON object"};
  Cells cells = {{"stream", std::string(stream)}};
  flatten(json, "", cells);
  auto& row = rows_.emplace_back();
  for (auto& [name, value] : cells) {
    const auto at = std::ranges::find(columns_, name);
    row.emplace_back(at - columns_.begin(), std::move(value));
    if (at == columns_.end()) columns_.push_back(name);
  }
  return {};
}

std::string CsvTable::text() const {
  std::string out;
  const auto line = [&out](const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) out.append(i == 0 ? "" : ",").append(cell(cells[i]));
    out += "\r\n";
  };
  line(columns_);
  for (const auto& row : rows_) {
    std::vector<std::string> cells(columns_.size());
    for (const auto& [column, value] : row) cells[column] = value;
    line(cells);
  }
  return out;
}

}  // namespace countersign::server
