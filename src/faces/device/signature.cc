#include "faces/device/signature.h"

#include <array>
#include <charconv>
#include <optional>

#include "core/codec/base64.h"
#include "core/codec/hex.h"
#include "core/crypto/hash.h"

namespace countersign::device {
namespace {

constexpr std::string_view kScheme = "countersign-device";
constexpr std::string_view kContext = "countersign-device/1";
constexpr std::size_t kTsDigitsMax = 12;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

Error bad(const char* what) { return Error{Errc::malformed, what}; }

void skip_spaces(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

// Takes NAME="VALUE" from the front; values hold neither quotes nor backslashes, so nothing needs unescaping.
Result<std::pair<std::string_view, std::string_view>> take_parameter(std::string_view& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals + 1 >= text.size() || text[equals + 1] != '"') {
    return bad("a parameter is not NAME=\"VALUE\"");
  }
  const std::string_view name = text.substr(0, equals);
  text.remove_prefix(equals + 2);
  const std::size_t quote = text.find('"');
  if (quote == std::string_view::npos) return bad("a value without its closing quote");
  const std::string_view value = text.substr(0, quote);
  if (value.find('\\') != std::string_view::npos) return bad("a value with an escape");
  text.remove_prefix(quote + 1);
  return std::pair(name, value);
}

Result<std::string> parse_ts(std::string_view text) {
  if (text.empty() || text.size() > kTsDigitsMax) return bad("ts is not a time");
  for (const char c : text) {
    if (c < '0' || c > '9') return bad("ts is not a time");
  }
  return std::string(text);
}

Result<Bytes> parse_signature(std::string_view text) {
  Bytes signature = TRY(codec::from_base64(codec::Base64::url, text));
  if (signature.size() != kSignatureSize) return bad("the signature is not 64 bytes long");
  return signature;
}

}  // namespace

Instant Authorization::at() const {
  std::int64_t s = 0;
  std::from_chars(ts.data(), ts.data() + ts.size(), s);
  return from_unix_s(s);
}

Result<Authorization> parse_authorization(std::string_view header) {
  if (header.size() > kAuthorizationMax) return Error{Errc::exhausted, "the Authorization header is too long"};
  if (header.size() <= kScheme.size() || header[kScheme.size()] != ' ') return bad("not the scheme of a device");
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    if (lower(header[i]) != kScheme[i]) return bad("not the scheme of a device");
  }
  std::string_view rest = header.substr(kScheme.size());
  std::optional<std::string_view> id, ts, signature;
  for (;;) {
    skip_spaces(rest);
    const auto [name, value] = TRY(take_parameter(rest));
    std::optional<std::string_view>* const slot =
        name == "id" ? &id : name == "ts" ? &ts : name == "signature" ? &signature : nullptr;
    if (!slot) return bad("an unknown parameter");
    if (*slot) return bad("a parameter stands twice");
    *slot = value;
    skip_spaces(rest);
    if (rest.empty()) break;
    if (rest.front() != ',') return bad("parameters are not separated by commas");
    rest.remove_prefix(1);
  }
  if (!id || !ts || !signature) return bad("a parameter is missing");
  Authorization out;
  out.device = TRY(PhoneId::parse(*id));
  out.ts = TRY(parse_ts(*ts));
  out.signature = TRY(parse_signature(*signature));
  return out;
}

std::string write_authorization(const Authorization& authorization) {
  return "Countersign-Device id=\"" + authorization.device.text() + "\", ts=\"" + authorization.ts +
         "\", signature=\"" + codec::to_base64(codec::Base64::url, authorization.signature) + "\"";
}

std::string request_message(const SignedParts& parts) {
  std::string out(kContext);
  std::string host(parts.host);
  for (char& c : host) c = lower(c);
  const std::string digest = codec::to_hex(crypto::hash(crypto::HashKind::sha256, bytes_of(parts.body)));
  for (const std::string_view line : std::array<std::string_view, 6>{parts.method, host, parts.path, parts.query,
                                                                     parts.ts, digest}) {
    out.push_back('\n');
    out.append(line);
  }
  return out;
}

}  // namespace countersign::device
