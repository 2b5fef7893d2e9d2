#include "core/ledger/event.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "core/codec/http_date.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"

namespace countersign::ledger {
namespace {

using codec::Json;
using codec::JsonWriter;

constexpr int kVersion = 1;
constexpr std::size_t kEpochDigits = 32;
constexpr std::size_t kTimeDigits = 23;  // "2026-04-01T09:12:44.120"
constexpr std::uint64_t kIntegerMax = std::numeric_limits<std::int64_t>::max();
constexpr Instant kTimeMax = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31) + std::chrono::days(1);

constexpr std::array<std::string_view, 17> kTypes = {
    "read",          "list",         "count",   "export", "key_release", "directory_unwrap",
    "config_change", "factor_reset", "approve", "shred",  "kill",        "break_glass",
    "canary",        "epoch_closed", "viewed",  "notice", "incident"};
constexpr std::array<std::string_view, 3> kOutcomes = {"ok", "denied", "capped"};

std::optional<Outcome> outcome_of(std::string_view text) {
  const auto found = std::ranges::find(kOutcomes, text);
  if (found == kOutcomes.end()) return std::nullopt;
  return static_cast<Outcome>(found - kOutcomes.begin());
}

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<void> check(const RowSet& rows) {
  if (rows.epoch.size() != kEpochDigits || !is_lower_hex(rows.epoch)) {
    return Error{Errc::malformed, "an epoch is named by 32 hex digits"};
  }
  if (TRY(count_row_ranges(rows.rows)) != rows.count) return Error{Errc::malformed, "a row set counts its numbers"};
  return {};
}

Result<void> check(const Event& event) {
  if (event.at < Instant{} || event.at >= kTimeMax) return Error{Errc::malformed, "an event's year is 1970 to 9999"};
  if (!event.tenant.empty()) TRY(TenantId::parse(event.tenant.text()));
  if (event.count > kIntegerMax) return Error{Errc::malformed, "a count is at most 2^63-1"};
  for (const RowSet& rows : event.rows) TRY(check(rows));
  if (std::ranges::any_of(event.days, [](std::int64_t day) { return day < 0; })) {
    return Error{Errc::malformed, "a day counts from 1970-01-01"};
  }
  return {};
}

// A member, where there is something to say.
void put(JsonWriter& json, std::string_view key, std::string_view text) {
  if (text.empty()) return;
  json.key(key);
  if (text.find('\0') == text.npos) {
    json.string(text);
    return;
  }
  std::string clean;  // readers take no NUL
  for (char c : text) c == '\0' ? clean.append("\xef\xbf\xbd") : clean.append(1, c);
  json.string(clean);
}

void put_actor(JsonWriter& json, const Actor& actor) {
  if (actor == Actor{}) return;
  json.key("actor").begin_object();
  put(json, "kind", actor.kind);
  put(json, "id", actor.id);
  put(json, "cred", actor.credential);
  put(json, "sess", actor.session);
  put(json, "parent", actor.parent);
  put(json, "ip", actor.ip);
  json.end_object();
}

void put_why(JsonWriter& json, const Event& event) {
  if (event.purpose.empty() && event.case_reference.empty() && event.intent.empty()) return;
  json.key("why").begin_object();
  put(json, "purpose", event.purpose);
  put(json, "case", event.case_reference);
  put(json, "intent", event.intent);
  json.end_object();
}

void put_what(JsonWriter& json, const Event& event) {
  json.key("what").begin_object();
  put(json, "object", event.object);
  put(json, "query", event.query);
  if (!event.rows.empty()) {
    json.key("rows").begin_array();
    for (const RowSet& rows : event.rows) {
      json.begin_object().key("epoch").string(rows.epoch).key("rows").string(rows.rows);
      json.key("n").integer(rows.count).end_object();
    }
    json.end_array();
  }
  json.key("n").integer(event.count).end_object();
}

// Reads members where they are there; what is of a wrong type shows when the event is written again, except here.
class Members {
  const Json* object_;
  bool good_ = true;

 public:
  explicit Members(const Json* object) : object_(object) {}

  bool good() const { return good_; }
  const Json* find(std::string_view key) const { return object_ ? object_->find(key) : nullptr; }

  std::string text(std::string_view key) {
    const Json* member = find(key);
    if (!member) return {};
    const auto value = member->as_string();
    if (!value) good_ = false;
    return value ? std::string(*value) : std::string();
  }

  std::int64_t integer(std::string_view key) {
    const Json* member = find(key);
    const auto value = member ? member->as_int() : Error{Errc::malformed, "absent"};
    if (!value || *value < 0) good_ = false;
    return value ? *value : 0;
  }
};

Actor actor_of(Members& members) {
  Actor actor;
  actor.kind = members.text("kind");
  actor.id = members.text("id");
  actor.credential = members.text("cred");
  actor.session = members.text("sess");
  actor.parent = members.text("parent");
  actor.ip = members.text("ip");
  return actor;
}

Error not_an_event() { return {Errc::malformed, "not an event of the ledger"}; }

Result<void> read_what(const Json* what, Event& event) {
  Members members(what);
  event.object = members.text("object");
  event.query = members.text("query");
  event.count = static_cast<std::uint64_t>(members.integer("n"));
  if (const Json* list = members.find("rows")) {
    for (const Json& item : list->items()) {
      Members rows(&item);
      event.rows.push_back({rows.text("epoch"), rows.text("rows"), static_cast<std::uint64_t>(rows.integer("n"))});
      if (!rows.good()) return not_an_event();
    }
  }
  if (!members.good()) return not_an_event();
  return {};
}

Result<void> read_why_and_who(const Json& json, Event& event) {
  Members actor(json.find("actor")), why(json.find("why"));
  event.actor = actor_of(actor);
  event.purpose = why.text("purpose");
  event.case_reference = why.text("case");
  event.intent = why.text("intent");
  if (!actor.good() || !why.good()) return not_an_event();
  return {};
}

Result<Event> read(const Json& json) {
  Event event;
  Members top(&json);
  event.at = TRY(codec::parse_iso_date(top.text("ts")));
  event.node = top.text("node");
  const auto type = event_type(top.text("type"));
  const auto outcome = outcome_of(top.text("outcome"));
  if (!type || !outcome) return not_an_event();
  event.type = *type;
  event.outcome = *outcome;
  if (top.find("tenant")) event.tenant = TRY(TenantId::parse(top.text("tenant")));
  TRY(read_why_and_who(json, event));
  TRY(read_what(top.find("what"), event));
  if (const Json* days = top.find("days")) {
    for (const Json& day : days->items()) event.days.push_back(TRY(day.as_int()));
  }
  event.detail = top.text("detail");
  if (!top.good()) return not_an_event();
  return event;
}

// One decimal number without needless zeros off the front.
Result<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || (length > 1 && text.front() == '0')) {
    return Error{Errc::malformed, "row numbers look like 0-499,502"};
  }
  text.remove_prefix(length);
  return value;
}

// Calls `range(first, last)` for each range in turn.   malformed: not what row_ranges writes.
template <class Range>
Result<std::uint64_t> each_range(std::string_view text, const Range& range) {
  std::uint64_t count = 0, next = 0;  // the least number that may begin the next range
  while (!text.empty()) {
    const std::uint64_t first = TRY(take_number(text));
    std::uint64_t last = first;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      last = TRY(take_number(text));
      if (last <= first) return Error{Errc::malformed, "a range of rows ascends"};
    }
    if (first < next || last > kIntegerMax) return Error{Errc::malformed, "ranges of rows ascend and do not touch"};
    if (last - first >= kRowNumbersMax - count) return Error{Errc::malformed, "over a million row numbers"};
    count += last - first + 1;
    range(first, last);
    next = last + 2;
    if (text.empty()) break;
    if (!text.starts_with(',') || text.size() == 1) return Error{Errc::malformed, "row numbers look like 0-499,502"};
    text.remove_prefix(1);
  }
  return count;
}

}  // namespace

std::string_view name(EventType type) { return kTypes[static_cast<std::size_t>(type)]; }

std::optional<EventType> event_type(std::string_view name) {
  const auto found = std::ranges::find(kTypes, name);
  if (found == kTypes.end()) return std::nullopt;
  return static_cast<EventType>(found - kTypes.begin());
}

std::string_view name(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }

std::string row_ranges(const std::vector<std::uint64_t>& numbers) {
  std::string out;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    if (!out.empty()) out += ',';
    out += std::to_string(numbers[i]);
    if (end > i + 1) out += '-' + std::to_string(numbers[end - 1]);
    i = end;
  }
  return out;
}

Result<std::vector<std::uint64_t>> parse_row_ranges(std::string_view text) {
  std::vector<std::uint64_t> numbers;
  TRY(each_range(text, [&](std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t n = first; n <= last; ++n) numbers.push_back(n);
  }));
  return numbers;
}

Result<std::uint64_t> count_row_ranges(std::string_view text) {
  return each_range(text, [](std::uint64_t, std::uint64_t) {});
}

Result<std::string> encode(const Event& event) {
  TRY(check(event));
  JsonWriter json;
  json.begin_object().key("v").integer(kVersion);
  json.key("ts").string(codec::iso_date(event.at).substr(0, kTimeDigits) + 'Z');
  put(json, "node", event.node);
  json.key("type").string(name(event.type)).key("outcome").string(name(event.outcome));
  put(json, "tenant", event.tenant.text());
  put_actor(json, event.actor);
  put_why(json, event);
  put_what(json, event);
  if (!event.days.empty()) {
    json.key("days").begin_array();
    for (const std::int64_t day : event.days) json.integer(day);
    json.end_array();
  }
  put(json, "detail", event.detail);
  json.end_object();
  if (json.text().size() > kEventMax) return Error{Errc::exhausted, "an event is longer than 65,535 bytes"};
  return json.take();
}

Result<Event> decode_event(std::string_view json) {
  if (json.size() > kEventMax) return not_an_event();
  const Json tree = TRY(codec::parse_json(json, kEventMax));
  Event event = TRY(read(tree));
  // Whatever else may be wrong (version, order, spaces, strange or repeated members) shows here.
  const auto again = encode(event);
  if (!again || *again != json) return not_an_event();
  return event;
}

}  // namespace countersign::ledger
