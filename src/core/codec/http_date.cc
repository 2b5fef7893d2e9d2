#include "core/codec/http_date.h"

#include <algorithm>
#include <array>

namespace countersign::codec {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

// Walks over the text; each reader takes what it wants or leaves `good` false.
struct Cursor {
  std::string_view left;
  bool good = true;

  void spaces() { left.remove_prefix(std::min(left.find_first_not_of(' '), left.size())); }
  bool take(char c) {
    if (!left.starts_with(c)) return false;
    left.remove_prefix(1);
    return true;
  }
  void need(char c) { good = take(c) && good; }
  int number(std::size_t digits_min, std::size_t digits_max) {
    int value = 0;
    std::size_t n = 0;
    for (; n < digits_max && n < left.size() && left[n] >= '0' && left[n] <= '9'; ++n) {
      value = value * 10 + left[n] - '0';
    }
    good = good && n >= digits_min;
    left.remove_prefix(n);
    return value;
  }
  // The place of the three-letter name in `names`, or -1.
  template <std::size_t kCount>
  int name(const std::array<std::string_view, kCount>& names) {
    for (std::size_t i = 0; i < kCount; ++i) {
      if (!same_name(left.substr(0, 3), names[i])) continue;
      left.remove_prefix(3);
      return static_cast<int>(i);
    }
    return -1;
  }
};

// What the zone is ahead of UTC.
std::chrono::minutes zone(Cursor& at) {
  for (std::string_view utc : {"GMT", "UTC", "UT", "Z"}) {
    if (same_name(at.left, utc)) {
      at.left = {};
      return std::chrono::minutes(0);
    }
  }
  const bool behind = at.left.starts_with('-');
  if (!behind && !at.left.starts_with('+')) at.good = false;
  at.left.remove_prefix(std::min<std::size_t>(1, at.left.size()));
  const int hours = at.number(2, 2), minutes = at.number(2, 2);
  if (hours > 23 || minutes > 59) at.good = false;
  const std::chrono::minutes ahead(hours * 60 + minutes);
  return behind ? -ahead : ahead;
}

void append_two(std::string& to, unsigned value) {
  to.push_back(static_cast<char>('0' + value / 10));
  to.push_back(static_cast<char>('0' + value % 10));
}

void append_year(std::string& to, std::chrono::year year) {
  const auto value = static_cast<unsigned>(std::clamp(static_cast<int>(year), 0, 9999));
  append_two(to, value / 100);
  append_two(to, value % 100);
}

void append_time(std::string& to, seconds of_day) {
  const auto s = static_cast<unsigned>(of_day.count());
  append_two(to, s / 3600);
  to.push_back(':');
  append_two(to, s / 60 % 60);
  to.push_back(':');
  append_two(to, s % 60);
}

}  // namespace

Result<Instant> parse_http_date(std::string_view text) {
  const Error malformed{Errc::malformed, "not a date such as Tue, 21 Aug 2012 17:29:18 GMT"};
  if (text.size() > kDateTextMax) return malformed;
  Cursor at{text};
  at.spaces();
  if (at.name(kDays) >= 0) at.need(',');
  at.spaces();
  const int day = at.number(1, 2);
  at.need(' ');
  at.spaces();
  const int month = at.name(kMonths);
  at.need(' ');
  at.spaces();
  const int year = at.number(4, 4);
  at.need(' ');
  at.spaces();
  const int hour = at.number(2, 2);
  at.need(':');
  const int minute = at.number(2, 2);
  const int second = at.take(':') ? at.number(2, 2) : 0;
  at.need(' ');
  at.spaces();
  while (at.left.ends_with(' ')) at.left.remove_suffix(1);
  const std::chrono::minutes ahead = zone(at);
  if (!at.good || !at.left.empty() || month < 0 || hour > 23 || minute > 59 || second > 60) return malformed;

  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month) + 1),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok() || year < 1970) return malformed;
  return Instant(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         seconds(std::min(second, 59)) - ahead;
}

std::string http_date(Instant t) {
  const auto days = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(days);
  std::string out;
  out.reserve(29);
  out += kDays[std::chrono::weekday(days).c_encoding()];
  out += ", ";
  append_two(out, static_cast<unsigned>(date.day()));
  out.push_back(' ');
  out += kMonths[static_cast<unsigned>(date.month()) - 1];
  out.push_back(' ');
  append_year(out, date.year());
  out.push_back(' ');
  append_time(out, std::chrono::floor<seconds>(t - days));
  out += " GMT";
  return out;
}

std::string iso_date(Instant t) {
  const auto days = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(days);
  const auto of_day = t - days;
  const auto ms = static_cast<unsigned>(of_day.count() % 1000);
  std::string out;
  out.reserve(32);
  append_year(out, date.year());
  out.push_back('-');
  append_two(out, static_cast<unsigned>(date.month()));
  out.push_back('-');
  append_two(out, static_cast<unsigned>(date.day()));
  out.push_back('T');
  append_time(out, std::chrono::floor<seconds>(of_day));
  out.push_back('.');
  out.push_back(static_cast<char>('0' + ms / 100));
  append_two(out, ms % 100);
  out += "000+00:00";
  return out;
}

}  // namespace countersign::codec
