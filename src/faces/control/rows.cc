#include "faces/control/rows.h"

#include <charconv>

namespace countersign::control {
namespace {

constexpr std::size_t kUnixDigitsMin = 5;    // below it is a year
constexpr std::size_t kUnixSecondsMax = 11;  // more digits are milliseconds

std::string two(unsigned n) { return n < 10 ? "0" + std::to_string(n) : std::to_string(n); }

// Reads digits from the front of a text.
class Cursor {
  std::string_view left_;

 public:
  explicit Cursor(std::string_view text) : left_(text) {}
  bool done() const { return left_.empty(); }
  bool take(char c) {
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    return true;
  }
  // Exactly `digits` digits, or -1.
  int number(std::size_t digits) {
    if (left_.size() < digits) return -1;
    int out = 0;
    for (const char c : left_.substr(0, digits)) {
      if (c < '0' || c > '9') return -1;
      out = out * 10 + (c - '0');
    }
    left_.remove_prefix(digits);
    return out;
  }
  // Digits after a point, to the millisecond.
  int fraction() {
    int out = 0;
    int scale = 100;
    if (left_.empty() || left_.front() < '0' || left_.front() > '9') return -1;
    while (!left_.empty() && left_.front() >= '0' && left_.front() <= '9') {
      out += (left_.front() - '0') * scale;
      scale /= 10;
      left_.remove_prefix(1);
    }
    return out;
  }
};

struct Parts {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0, zone_minutes = 0;
};

bool read_clock(Cursor& in, Parts& to) {
  to.hour = in.number(2);
  if (!in.take(':')) return false;
  to.minute = in.number(2);
  if (in.take(':')) {
    to.second = in.number(2);
    if (in.take('.')) to.ms = in.fraction();
  }
  return to.hour >= 0 && to.hour < 24 && to.minute >= 0 && to.minute < 60 && to.second >= 0 && to.second < 60 &&
         to.ms >= 0;
}

bool read_zone(Cursor& in, Parts& to) {
  if (in.done() || in.take('Z')) return in.done();
  const bool east = in.take('+');
  if (!east && !in.take('-')) return false;
  const int hours = in.number(2);
  in.take(':');
  const int minutes = in.number(2);
  to.zone_minutes = (east ? 1 : -1) * (hours * 60 + minutes);
  return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && in.done();
}

}  // namespace

void write_time(codec::JsonWriter& to, std::string_view key, const std::optional<Instant>& time) {
  to.key(key);
  if (!time) {
    to.null();
    return;
  }
  const auto day = std::chrono::floor<std::chrono::days>(*time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<seconds>(*time - day));
  to.string(std::to_string(static_cast<int>(date.year())) + "-" + two(static_cast<unsigned>(date.month())) + "-" +
            two(static_cast<unsigned>(date.day())) + "T" + two(static_cast<unsigned>(clock.hours().count())) + ":" +
            two(static_cast<unsigned>(clock.minutes().count())) + ":" +
            two(static_cast<unsigned>(clock.seconds().count())) + "Z");
}

Result<Instant> parse_time(std::string_view text) {
  const Error wrong{Errc::malformed, "a time is seconds since 1970, or as 2026-01-02T03:04:05Z"};
  if (text.size() >= kUnixDigitsMin && text.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t number = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) return wrong;
    return text.size() > kUnixSecondsMax ? from_unix_ms(number) : from_unix_s(number);
  }
  Cursor in(text);
  Parts p;
  p.year = in.number(4);
  if (!in.take('-')) return wrong;
  p.month = in.number(2);
  if (!in.take('-')) return wrong;
  p.day = in.number(2);
  if ((in.take('T') || in.take(' ')) && !read_clock(in, p)) return wrong;
  const std::chrono::year_month_day date{std::chrono::year(p.year), std::chrono::month(static_cast<unsigned>(p.month)),
                                         std::chrono::day(static_cast<unsigned>(p.day))};
  if (p.year < 1970 || p.month < 1 || p.day < 1 || !date.ok() || !read_zone(in, p)) return wrong;
  return Instant(std::chrono::sys_days(date)) + std::chrono::hours(p.hour) +
         std::chrono::minutes(p.minute - p.zone_minutes) + seconds(p.second) + milliseconds(p.ms);
}

void write(codec::JsonWriter& to, const Tenant& tenant) {
  to.key("tenant_id").string(tenant.id.text()).key("name").string(tenant.name);
  if (!tenant.parent.empty()) to.key("parent").string(tenant.parent.text());
  write_time(to, "created", tenant.created);
}

void write(codec::JsonWriter& to, const User& user) {
  to.key("user_id").string(user.id.text()).key("username").string(user.username).key("email").string(user.email);
  to.key("realname").string(user.realname).key("status").string(name(user.status));
  to.key("locked_out").boolean(user.failures.locked_at.has_value()).key("failures").integer(user.failures.count);
  write_time(to, "created", user.created);
  write_time(to, "last_login", user.last_login);
}

void write(codec::JsonWriter& to, const Group& group) {
  to.key("group_id").string(group.id.text()).key("name").string(group.name);
  to.key("description").string(group.description);
}

void write(codec::JsonWriter& to, const Phone& phone) {
  to.key("phone_id").string(phone.id.text()).key("name").string(phone.name).key("number").string(phone.masked);
  to.key("platform").string(phone.platform).key("activated").boolean(phone.activated);
  write_time(to, "created", phone.created);
  write_time(to, "last_seen", phone.last_seen);
}

void write_token(codec::JsonWriter& to, const Enrolment& token) {
  to.key("token_id").string(token.id.text()).key("type").string(token.kind).key("serial").string(token.label);
  write_time(to, "created", token.created);
  write_time(to, "last_used", token.last_used);
}

void write(codec::JsonWriter& to, const Application& app, std::string_view api_hostname, std::string_view secret_key) {
  to.key("app_id").string(app.id.text()).key("integration_key").string(app.id.text());
  if (!secret_key.empty()) to.key("secret_key").string(secret_key);
  to.key("api_hostname").string(api_hostname).key("name").string(app.name).key("type").string(name(app.type));
  to.key("enabled").boolean(app.enabled).key("allow_signature_v1").boolean(app.signatures.allow_v1);
  to.key("allow_sha1").boolean(app.signatures.allow_sha1);
  to.key("redirect_uris").begin_array();
  for (const std::string& uri : app.redirect_uris) to.string(uri);
  to.end_array();
  write_time(to, "created", app.created);
}

}  // namespace countersign::control
