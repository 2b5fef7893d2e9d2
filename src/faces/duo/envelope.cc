#include "faces/duo/envelope.h"

#include <utility>

#include "core/codec/json_write.h"

namespace countersign::duo {
namespace {

// One client compares the type literally (duo-api §0.5), so nothing follows it.
constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kBsonType = "application/bson";

// Signed answers are for the caller alone (duo-api §2.1).
net::HttpResponse response(int status, std::string_view type, std::string body) {
  net::HttpResponse out;
  out.status = status;
  out.content_type = type;
  out.body = std::move(body);
  out.headers.push_back({"Cache-Control", "no-store"});
  return out;
}

}  // namespace

std::string_view message(Code code) {
  switch (code) {
    case Code::missing_parameters: return "Missing required request parameters";
    case Code::invalid_parameters: return "Invalid request parameters";
    case Code::missing_credentials: return "Missing request credentials";
    case Code::unknown_integration: return "Invalid integration key in request credentials";
    case Code::invalid_signature: return "Invalid signature in request credentials";
    case Code::missing_timestamp: return "Missing request timestamp";
    case Code::bad_timestamp: return "Bad request timestamp";
    case Code::forbidden: return "Access forbidden";
    case Code::not_found: return "Resource not found";
    case Code::wrong_method: return "Method not allowed";
    case Code::too_many_requests: return "Too Many Requests";
    case Code::unavailable: return "Service unavailable";
  }
  return {};
}

Failure failure_of(const Error& error) {
  switch (error.code) {
    case Errc::malformed:
    case Errc::conflict:
    case Errc::refused: return {Code::invalid_parameters, error.what, 1};
    case Errc::not_found: return {Code::not_found, error.what, 1};
    case Errc::exhausted: return {Code::too_many_requests, "The server is too busy; try again shortly.", 1};
    case Errc::unavailable: return {Code::unavailable, "A part of the service is away; try again shortly.", 1};
  }
  return {Code::unavailable, {}, 1};
}

net::HttpResponse ok(std::string_view json) {
  std::string body;
  body.reserve(json.size() + 32);
  body.append(R"({"stat":"OK","response":)").append(json).push_back('}');
  return response(200, kJsonType, std::move(body));
}

net::HttpResponse ok(const Document& document, Format format) {
  if (format == Format::json) return ok(to_json(document));
  Document envelope;
  envelope.text("stat", "OK").document("response", document);
  return response(200, kBsonType, to_bson(envelope));
}

net::HttpResponse ok_text(std::string_view text, Format format) {
  Document envelope;
  envelope.text("stat", "OK").text("response", std::string(text));
  return format == Format::json ? response(200, kJsonType, to_json(envelope))
                                : response(200, kBsonType, to_bson(envelope));
}

net::HttpResponse fail(const Failure& failure, Format format) {
  const int code = static_cast<int>(failure.code);
  Document envelope;
  envelope.text("stat", "FAIL").integer("code", code).text("message", std::string(message(failure.code)));
  if (!failure.detail.empty()) envelope.text("message_detail", failure.detail);
  const bool json = format == Format::json;
  net::HttpResponse out =
      response(code / 100, json ? kJsonType : kBsonType, json ? to_json(envelope) : to_bson(envelope));
  const bool wait = failure.code == Code::too_many_requests || failure.code == Code::unavailable;
  if (wait) out.headers.push_back({"Retry-After", std::to_string(failure.retry_after_s)});
  // RFC 9110 §11.6.1.
  if (code / 100 == 401) out.headers.push_back({"WWW-Authenticate", "Basic realm=\"Countersign\""});
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned c = at(i), second = at(i + 1), third = at(i + 2);
    if (c < 0x20 || c == 0x7f) {
      out.push_back('?');
    } else if (c == 0xc2 && second >= 0x80 && second <= 0x9f) {  // U+0080 to U+009F: controls
      out.push_back('?');
      i += 1;
    } else if (c == 0xe2 && ((second == 0x80 && third >= 0xa8 && third <= 0xae) ||   // U+2028 to U+202E
                             (second == 0x81 && third >= 0xa6 && third <= 0xa9))) {  // U+2066 to U+2069
      out.push_back('?');
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace countersign::duo
