#include "web/choice.h"

#include <utility>
#include <vector>

namespace countersign::web {
namespace {

constexpr std::string_view kCookie = "lang";
constexpr seconds kKept{400 * 86400};  // the longest that browsers allow (RFC 6265bis §5.5)

constexpr std::pair<std::string_view, std::string_view> kNames[] = {
    {"en", "English"}, {"fr", "Français"}, {"de", "Deutsch"}, {"es", "Español"}, {"ja", "日本語"}, {"ar", "العربية"}};

}  // namespace

std::string language_of(const net::HttpRequest& request) {
  return language_for(cookie(request, kCookie), request.header("accept-language"));
}

Value language_links(std::string_view path, std::string_view language) {
  std::vector<Value> items;
  for (const auto& [code, name] : kNames) {
    items.push_back(Value::object({{"code", std::string(code)},
                                   {"name", std::string(name)},
                                   {"href", std::string(path) + "?lang=" + std::string(code)},
                                   {"current", code == language ? Value::yes() : Value::no()}}));
  }
  return Value::object({{"items", Value::list(std::move(items))}});
}

net::HttpResponse choose_language(std::string path, std::string_view wanted) {
  net::HttpResponse out = see_other(std::move(path));
  out.headers.push_back(set_cookie(kCookie, language_for(wanted, {}), kKept, SameSite::lax));
  return out;
}

}  // namespace countersign::web
