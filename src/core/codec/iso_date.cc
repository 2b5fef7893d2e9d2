#include <algorithm>

#include "core/codec/http_date.h"

namespace countersign::codec {
namespace {

// Exactly `digits` decimal digits off the front.
Result<int> take_number(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits) return Error{Errc::malformed, "a date is cut short"};
  for (char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return Error{Errc::malformed, "a date has digits there"};
    value = value * 10 + c - '0';
  }
  text.remove_prefix(digits);
  return value;
}

Result<void> take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return Error{Errc::malformed, "a date looks like 2012-08-21T17:29:18Z"};
  text.remove_prefix(1);
  return {};
}

Result<seconds> take_zone(std::string_view& text) {
  if (text.starts_with('Z') || text.starts_with('z')) {
    text.remove_prefix(1);
    return seconds(0);
  }
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return Error{Errc::malformed, "a date has a zone"};
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const int hours = TRY(take_number(text, 2));
  if (text.starts_with(':')) text.remove_prefix(1);
  const int minutes = TRY(take_number(text, 2));
  if (hours > 23 || minutes > 59) return Error{Errc::malformed, "a zone is at most 23:59"};
  return seconds(sign * (hours * 3600 + minutes * 60));
}

// ".123456" to milliseconds; none is zero.
milliseconds take_fraction(std::string_view& text) {
  int ms = 0;
  if (!text.starts_with('.')) return milliseconds(0);
  text.remove_prefix(1);
  for (int unit = 100; !text.empty() && text.front() >= '0' && text.front() <= '9'; unit /= 10) {
    ms += (text.front() - '0') * unit;
    text.remove_prefix(1);
  }
  return milliseconds(ms);
}

}  // namespace

Result<Instant> parse_iso_date(std::string_view text) {
  if (text.size() > kDateTextMax) return Error{Errc::malformed, "a date is shorter"};
  const int year = TRY(take_number(text, 4));
  TRY(take(text, '-'));
  const int month = TRY(take_number(text, 2));
  TRY(take(text, '-'));
  const int day = TRY(take_number(text, 2));
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year < 1970) return Error{Errc::malformed, "no such day"};
  Instant at = std::chrono::time_point_cast<milliseconds>(std::chrono::sys_days(date));
  if (text.empty()) return at;
  if (!text.starts_with('T') && !text.starts_with('t') && !text.starts_with(' ')) {
    return Error{Errc::malformed, "a date looks like 2012-08-21T17:29:18Z"};
  }
  text.remove_prefix(1);
  const int hour = TRY(take_number(text, 2));
  TRY(take(text, ':'));
  const int minute = TRY(take_number(text, 2));
  TRY(take(text, ':'));
  const int second = TRY(take_number(text, 2));
  if (hour > 23 || minute > 59 || second > 60) return Error{Errc::malformed, "no such time of day"};
  at += std::chrono::hours(hour) + std::chrono::minutes(minute) + seconds(std::min(second, 59));
  at += take_fraction(text);
  at -= TRY(take_zone(text));
  if (!text.empty()) return Error{Errc::malformed, "something follows the date"};
  return at;
}

}  // namespace countersign::codec
