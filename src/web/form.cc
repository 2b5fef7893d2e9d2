#include "web/form.h"

#include <algorithm>

#include "core/codec/form.h"

namespace countersign::web {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> single(std::string_view text) {
  codec::Form form = TRY(codec::parse_form(text));
  for (auto at = form.begin(); at != form.end(); ++at) {
    const auto same = [&at](const auto& other) { return other.first == at->first; };
    if (std::any_of(std::next(at), form.end(), same)) return Error{Errc::malformed, at->first + " stands twice"};
  }
  return form;
}

}  // namespace

bool same_origin(const net::HttpRequest& request) {
  const std::string_view site = request.header("sec-fetch-site");
  if (!site.empty()) return site == "same-origin";
  const std::string origin = lower(request.header("origin"));
  const std::string host = lower(request.host);
  return origin == "https://" + host || origin == "http://" + host;
}

Result<Fields> Fields::of_form(const net::HttpRequest& request) {
  if (request.body.size() > kFormMax) return Error{Errc::exhausted, "the body is too large"};
  const std::string type = lower(request.header("content-type"));
  if (!type.starts_with("application/x-www-form-urlencoded")) return Error{Errc::malformed, "not a form"};
  Fields out;
  out.pairs_ = TRY(single(request.body));
  return out;
}

Result<Fields> Fields::of_query(const net::HttpRequest& request) {
  Fields out;
  out.pairs_ = TRY(single(request.query));
  return out;
}

std::string_view Fields::get(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace countersign::web
