#include "core/codec/jwt.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "core/codec/base64.h"
#include "core/codec/json_write.h"

namespace countersign::codec {
namespace {

constexpr std::int64_t kLastSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z
constexpr std::size_t kDateTextMax = 32;

// RFC 7515 §4.1.2–§4.1.6, §4.1.10–§4.1.11, RFC 7797 §3, RFC 7516 §4.1.2–§4.1.3.
constexpr std::string_view kRefusedHeaders[] = {"crit", "b64", "jku", "jwk", "x5u", "x5c", "zip", "enc", "cty"};

Error malformed(const char* what) { return Error{Errc::malformed, what}; }

std::string_view name(JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::hs512: return "HS512";
    case JwtAlgorithm::es256: return "ES256";
  }
  std::abort();
}

// Two readers of one text that holds a member twice may see two values (RFC 7519 §4).
bool repeats(const Json& json) {
  std::vector<std::string_view> keys;
  keys.reserve(json.members().size());
  for (const auto& [key, value] : json.members()) {
    if (repeats(value)) return true;
    keys.push_back(key);
  }
  for (const Json& item : json.items()) {
    if (repeats(item)) return true;
  }
  std::ranges::sort(keys);
  return std::ranges::adjacent_find(keys) != keys.end();
}

Result<Json> read_object(std::string_view text) {
  Result<Json> json = parse_json(text, kJwtBytesMax);
  if (!json) return malformed("a part of the token is not JSON");
  if (!json->is_object()) return malformed("a part of the token is not a JSON object");
  if (repeats(*json)) return malformed("the token has a member twice");
  return json;
}

Result<std::string> read_part(std::string_view part) {
  const Result<Bytes> bytes = from_base64(Base64::url, part);
  if (!bytes) return malformed("a part of the token is not base64url without padding");
  return std::string(text_of(*bytes));
}

Result<void> check_header(const Json& header, JwtAlgorithm wanted) {
  const Json* alg = header.find("alg");
  const Result<std::string_view> said = alg ? alg->as_string() : std::string_view();
  if (!said || *said != name(wanted)) {
    return Error{Errc::refused, "the token's algorithm is not " + std::string(name(wanted))};
  }
  for (const std::string_view refused : kRefusedHeaders) {
    if (header.find(refused)) return Error{Errc::refused, "the token's header has " + std::string(refused)};
  }
  return {};
}

// Decimal digits, perhaps with a point and more digits: no sign, space, exponent.
std::optional<double> decimal(std::string_view text) {
  if (text.empty() || text.size() > kDateTextMax) return std::nullopt;
  const std::size_t point = text.find('.');
  if (point == 0 || point == text.size() - 1) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i != point && (text[i] < '0' || text[i] > '9')) return std::nullopt;
  }
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

Result<JwsParts> read_jws(std::string_view compact, JwtAlgorithm wanted) {
  if (compact.size() > kJwtBytesMax) return malformed("the token is too long");
  const std::size_t first = compact.find('.'), last = compact.rfind('.');
  if (first == compact.npos || first == last || compact.find('.', first + 1) != last) {
    return malformed("the token has not exactly three parts");
  }
  const std::string header = TRY(read_part(compact.substr(0, first)));
  JwsParts out;
  out.payload = TRY(read_part(compact.substr(first + 1, last - first - 1)));
  const std::string signature = TRY(read_part(compact.substr(last + 1)));
  append(out.signature, bytes_of(signature));
  out.header = TRY(read_object(header));
  TRY(check_header(out.header, wanted));
  out.signing_input = compact.substr(0, last);
  return out;
}

Result<JwtParts> read_jwt(std::string_view compact, JwtAlgorithm wanted) {
  JwsParts jws = TRY(read_jws(compact, wanted));
  JwtParts out;
  out.payload = TRY(read_object(jws.payload));
  out.signing_input = std::move(jws.signing_input);
  out.signature = std::move(jws.signature);
  out.header = std::move(jws.header);
  return out;
}

Result<Instant> numeric_date(const Json& payload, std::string_view claim) {
  const Json* value = payload.find(claim);
  if (!value) return Error{Errc::not_found, "the token lacks " + std::string(claim)};
  double at = -1;
  if (value->is_number()) {
    at = *value->as_double();
  } else if (value->is_string()) {
    at = decimal(*value->as_string()).value_or(-1);
  }
  // A double holds every millisecond up to the year 9999.
  if (!(at >= 0 && at <= static_cast<double>(kLastSecond))) {
    return Error{Errc::malformed, std::string(claim) + " is not a time in seconds since 1970"};
  }
  return from_unix_ms(static_cast<std::int64_t>(std::floor(at * 1000)));
}

std::string jwt_signing_input(JwtAlgorithm algorithm, std::string_view payload) {
  JsonWriter header;
  header.begin_object().key("alg").string(name(algorithm)).key("typ").string("JWT").end_object();
  return to_base64(Base64::url, bytes_of(header.text())) + "." + to_base64(Base64::url, bytes_of(payload));
}

std::string jwt(std::string signing_input, ByteView signature) {
  return std::move(signing_input) + "." + to_base64(Base64::url, signature);
}

}  // namespace countersign::codec
