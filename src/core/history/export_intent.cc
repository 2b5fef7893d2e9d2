#include "core/history/export_intent.h"

#include <cstdlib>
#include <optional>

#include "core/codec/http_date.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"

namespace countersign::history {
namespace {

constexpr std::string_view kWhat = "countersign";  // the first member, which says what it is
constexpr std::string_view kExport = "export", kFetch = "export fetch", kVeto = "export veto";
constexpr std::size_t kDayDigits = 10, kSecondDigits = 19;  // of "2012-08-21T17:29:18"

std::string day_text(std::int64_t day) {
  return codec::iso_date(Instant(std::chrono::days(day))).substr(0, kDayDigits);
}
std::string time_text(Instant at) { return codec::iso_date(at).substr(0, kSecondDigits) + 'Z'; }

std::optional<DayKeys> keys_of(std::string_view text) {
  for (const DayKeys keys : {DayKeys::none, DayKeys::with_rows, DayKeys::alone}) {
    if (name(keys) == text) return keys;
  }
  return std::nullopt;
}

Error not_ours() { return {Errc::malformed, "this is no intent of an export"}; }

// The members as they are asked for by name. The first fault is kept; whether the text is canonical is seen in the end.
class Members {
  const codec::Json& json_;
  bool fine_ = true;

  template <class T>
  T keep(Result<T> value) {
    if (value) return *std::move(value);
    fine_ = false;
    return T();
  }
  const codec::Json& at(std::string_view name) {
    static const codec::Json kNone;
    const codec::Json* const found = json_.find(name);
    fine_ = fine_ && found != nullptr;
    return found != nullptr ? *found : kNone;
  }

 public:
  explicit Members(const codec::Json& json) : json_(json) {}
  bool fine() const { return fine_; }

  std::string text(std::string_view name) { return std::string(keep(at(name).as_string())); }
  std::int64_t number(std::string_view name) { return keep(at(name).as_int()); }
  Instant time(std::string_view name) { return keep(codec::parse_iso_date(text(name))); }
  std::int64_t day(std::string_view name) {
    return std::chrono::floor<std::chrono::days>(time(name)).time_since_epoch().count();
  }
  TenantId tenant(std::string_view name) { return keep(TenantId::parse(text(name))); }
  DayKeys keys(std::string_view name) {
    const auto found = keys_of(text(name));
    fine_ = fine_ && found;
    return found.value_or(DayKeys::none);
  }
};

std::string words_of(const ExportIntent& intent) {
  std::string out = "that history of tenant " + intent.tenant.text() + " leaves, " + day_text(intent.first_day) +
                    " to " + day_text(intent.last_day) + ", " + std::to_string(intent.rows) + " rows now, ";
  switch (intent.keys) {
    case DayKeys::none: return out + "without the days' keys";
    case DayKeys::with_rows: return out + "with the days' keys";
    case DayKeys::alone: return out + "the days' keys alone";
  }
  std::abort();
}

}  // namespace

std::string_view name(DayKeys keys) {
  switch (keys) {
    case DayKeys::none: return "none";
    case DayKeys::with_rows: return "with_rows";
    case DayKeys::alone: return "alone";
  }
  std::abort();
}

std::string encode(const ExportIntent& intent) {
  codec::JsonWriter w;
  w.begin_object().key(kWhat).string(kExport).key("id").string(intent.id);
  w.key("tenant").string(intent.tenant.text());
  w.key("first_day").string(day_text(intent.first_day)).key("last_day").string(day_text(intent.last_day));
  w.key("keys").string(name(intent.keys)).key("rows").integer(intent.rows);
  w.key("requester").string(intent.requester).key("purpose").string(intent.purpose);
  w.key("case").string(intent.case_reference);
  w.key("asked").string(time_text(intent.asked)).key("expires").string(time_text(intent.expires));
  return w.key("nonce").string(intent.nonce).end_object().take();
}

Result<ExportIntent> decode_export_intent(std::string_view text) {
  const codec::Json json = TRY(codec::parse_json(text, kSignedTextMax));
  Members members(json);
  ExportIntent out;
  if (members.text(kWhat) != kExport) return not_ours();
  out.id = members.text("id");
  out.tenant = members.tenant("tenant");
  out.first_day = members.day("first_day");
  out.last_day = members.day("last_day");
  out.keys = members.keys("keys");
  const std::int64_t rows = members.number("rows");
  if (rows < 0) return not_ours();
  out.rows = static_cast<std::uint64_t>(rows);
  out.requester = members.text("requester");
  out.purpose = members.text("purpose");
  out.case_reference = members.text("case");
  out.asked = members.time("asked");
  out.expires = members.time("expires");
  out.nonce = members.text("nonce");
  if (!members.fine() || encode(out) != text) return not_ours();
  return out;
}

std::string encode(const ExportChallenge& challenge) {
  codec::JsonWriter w;
  w.begin_object().key(kWhat).string(kFetch).key("id").string(challenge.id);
  w.key("intent").string(challenge.intent).key("expires").string(time_text(challenge.expires));
  return w.key("nonce").string(challenge.nonce).end_object().take();
}

std::string export_veto(std::string_view id, std::string_view intent) {
  codec::JsonWriter w;
  w.begin_object().key(kWhat).string(kVeto).key("id").string(id);
  return w.key("intent").string(intent).end_object().take();
}

Result<std::string> words_of_signed(std::string_view text) {
  const auto intent = decode_export_intent(text);
  if (intent) return words_of(*intent);
  const auto json = codec::parse_json(text, kSignedTextMax);
  if (json) {
    Members members(*json);
    const std::string id = members.text("id"), hash = members.text("intent");
    const std::string what = members.text(kWhat);
    if (members.fine() && text == export_veto(id, hash)) return "that the export " + id + " is stopped";
    const ExportChallenge fetch{id, hash, members.time("expires"), members.text("nonce")};
    if (what == kFetch && members.fine() && text == encode(fetch)) return "that the export " + id + " is fetched now";
  }
  return Error{Errc::refused, "this is nothing that a signer of exports signs: altered, or something else"};
}

}  // namespace countersign::history
