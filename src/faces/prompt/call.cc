#include "faces/prompt/call.h"

#include <algorithm>

#include "core/codec/base64.h"
#include "core/codec/form.h"
#include "core/codec/json_read.h"

namespace countersign::prompt {
namespace {

constexpr std::string_view kPrefix = "/prompt/";
constexpr std::size_t kProofMax = 2048;

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

Result<Bytes> bytes_member(const codec::Json& json, std::string_view key) {
  if (json.count(key) != 1) return Error{Errc::malformed, std::string(key) + " is wanted once"};
  return codec::from_base64(codec::Base64::url, TRY(json.find(key)->as_string()));
}

}  // namespace

Result<Target> parse_target(std::string_view path) {
  if (!path.starts_with(kPrefix)) return Error{Errc::not_found, "no such path"};
  path.remove_prefix(kPrefix.size());
  const std::size_t slash = path.find('/');
  Result<VisitId> visit = VisitId::parse(path.substr(0, slash));
  if (!visit) return Error{Errc::not_found, "no such path"};
  return Target{std::move(*visit), std::string(slash == std::string_view::npos ? "" : path.substr(slash + 1))};
}

bool same_origin(const net::HttpRequest& request) {
  const std::string_view site = request.header("sec-fetch-site");
  if (!site.empty()) return site == "same-origin";
  const std::string origin = lower(request.header("origin"));
  const std::string host = lower(request.host);
  return origin == "https://" + host || origin == "http://" + host;
}

Result<Fields> Fields::of_form(const net::HttpRequest& request) {
  if (request.body.size() > kBodyMax) return Error{Errc::exhausted, "the body is too large"};
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

std::string plain_passcode(std::string_view typed) {
  std::string out;
  for (const char c : typed) {
    if (c != ' ' && c != '-' && c != '\t') out.push_back(c);
  }
  return out;
}

Result<BrowserProof> read_browser_proof(std::string_view body) {
  const codec::Json json = TRY(codec::parse_json(body, kProofMax));
  BrowserProof out;
  out.public_key = TRY(bytes_member(json, "key"));
  out.signature = TRY(bytes_member(json, "signature"));
  const codec::Json* const shown = json.find("shown");
  if (shown) out.shown = TRY(shown->as_string());
  return out;
}

}  // namespace countersign::prompt
