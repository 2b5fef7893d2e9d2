#include "faces/oidc/parameters.h"

#include <fmt/format.h>

#include <utility>

#include "faces/oidc/multipart.h"

namespace countersign::oidc {
namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded", kMultipart = "multipart/form-data";

// The media type in lower case, without what follows it.
std::string media_type(std::string_view content_type) {
  std::string out(content_type.substr(0, content_type.find_first_of("; \t")));
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Result<codec::Form> body_of(const net::HttpRequest& request) {
  if (request.body.empty()) return codec::Form();
  const std::string_view content_type = request.header("content-type");
  const std::string type = media_type(content_type);
  if (type == kForm) return codec::parse_form(request.body);
  if (type != kMultipart) {
    return Error{Errc::malformed, "Content-Type must be application/x-www-form-urlencoded or multipart/form-data"};
  }
  const std::string boundary = TRY(multipart_boundary(content_type));
  return parse_multipart(request.body, boundary);
}

}  // namespace

Checked<Parameters> Parameters::of(const net::HttpRequest& request) {
  Parameters out;
  Result<codec::Form> query = codec::parse_form(request.query);
  if (!query) return Problem{Word::invalid_request, "The query: " + query.error().what + "."};
  out.values_ = *std::move(query);
  if (request.method == "GET") return out;
  Result<codec::Form> body = body_of(request);
  if (!body) return Problem{Word::invalid_request, "The body: " + body.error().what + "."};
  for (auto& pair : *body) out.values_.push_back(std::move(pair));
  return out;
}

void Parameters::fail(Word word, std::string cause) {
  if (!problem_) problem_ = Problem{word, std::move(cause)};
}

std::string Parameters::text(std::string_view name, std::size_t max) {
  std::string* found = nullptr;
  for (auto& [key, value] : values_) {
    if (key != name) continue;
    if (found) {
      fail(Word::invalid_request, fmt::format("{}: it is given twice.", name));
      return {};
    }
    found = &value;
  }
  if (!found) return {};
  if (found->size() > max) {
    fail(Word::invalid_request, fmt::format("{}: it is longer than {} bytes.", name, max));
    return {};
  }
  return *found;
}

std::string Parameters::need(std::string_view name, std::size_t max) {
  std::string value = text(name, max);
  if (value.empty()) fail(Word::invalid_request, fmt::format("{}: it is missing.", name));
  return value;
}

}  // namespace countersign::oidc
