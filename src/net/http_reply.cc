#include "net/http_reply.h"

#include <array>
#include <charconv>

namespace countersign::net {
namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto [end, ec] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end);
}

void append_two(std::string& out, unsigned number) {
  out.push_back(static_cast<char>('0' + number / 10 % 10));
  out.push_back(static_cast<char>('0' + number % 10));
}

bool same_name(std::string_view a, std::string_view lower_b) {
  if (a.size() != lower_b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] - 'A' + 'a') : a[i];
    if (c != lower_b[i]) return false;
  }
  return true;
}

bool is_ours(std::string_view name) {
  return same_name(name, "content-length") || same_name(name, "transfer-encoding") || same_name(name, "connection");
}

bool has(const HttpResponse& reply, std::string_view lower_name) {
  for (const Header& header : reply.headers) {
    if (same_name(header.name, lower_name)) return true;
  }
  return false;
}

bool is_text(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) return false;
  }
  return true;
}

void append_framing(std::string& out, const HttpResponse& reply, const ReplyContext& context) {
  const bool bodiless = reply.status < 200 || reply.status == 204 || reply.status == 304;
  if (context.form == BodyForm::chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (context.form == BodyForm::sized && !bodiless) {
    out += "Content-Length: ";
    append_number(out, reply.body.size());
    out += "\r\n";
  }
  if (!context.keep_alive) {
    out += "Connection: close\r\n";
  } else if (context.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
}

}  // namespace

void append_http_date(std::string& out, Instant t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(t - day)};
  const auto two = [&out](auto number) { append_two(out, static_cast<unsigned>(number)); };
  out += kDays.substr(std::chrono::weekday{day}.c_encoding() * 3, 3);
  out += ", ";
  two(unsigned{date.day()});
  out += ' ';
  out += kMonths.substr((unsigned{date.month()} - 1) * 3, 3);
  out += ' ';
  append_number(out, static_cast<std::size_t>(int{date.year()}));
  out += ' ';
  two(time.hours().count());
  out += ':';
  two(time.minutes().count());
  out += ':';
  two(time.seconds().count());
  out += " GMT";
}

std::string_view reason_phrase(int status) {
  switch (status) {  // RFC 9110 §15
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
  }
}

void append_head(std::string& out, const HttpResponse& reply, const ReplyContext& context) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(reply.status));
  out += ' ';
  out += reason_phrase(reply.status);
  out += "\r\n";
  if (!has(reply, "server")) out += "Server: Countersign\r\n";
  if (!has(reply, "date")) {
    out += "Date: ";
    append_http_date(out, context.now);
    out += "\r\n";
  }
  if (!reply.content_type.empty()) {
    out += "Content-Type: ";
    out += reply.content_type;
    out += "\r\n";
  }
  append_framing(out, reply, context);
  if (!has(reply, "cache-control")) out += "Cache-Control: no-store\r\n";
  if (context.tls && !has(reply, "strict-transport-security")) {
    out += "Strict-Transport-Security: max-age=31536000\r\n";
  }
  for (const Header& header : reply.headers) {
    if (is_ours(header.name)) continue;
    out += header.name;
    out += ": ";
    out += header.value;
    out += "\r\n";
  }
  out += "\r\n";
}

bool is_sendable(const HttpResponse& reply) {
  if (reply.status < 200 || reply.status > 599 || !is_text(reply.content_type)) return false;
  for (const Header& header : reply.headers) {
    if (header.name.empty() || header.name.find_first_of(": \t") != std::string::npos || !is_text(header.name) ||
        !is_text(header.value)) {
      return false;
    }
  }
  return true;
}

bool wants_close(const HttpResponse& reply) {
  for (const Header& header : reply.headers) {
    if (same_name(header.name, "connection") && same_name(header.value, "close")) return true;
  }
  return false;
}

HttpResponse refusal(int status, std::string_view detail) {
  HttpResponse reply;
  reply.status = status;
  reply.content_type = "application/json";
  reply.body = R"({"stat":"FAIL","code":)";
  append_number(reply.body, static_cast<std::size_t>(status) * 100);
  reply.body += R"(,"message":")";
  reply.body += reason_phrase(status);
  reply.body += R"(","message_detail":")";
  for (const char c : detail) {
    if (c == '"' || c == '\\') reply.body.push_back('\\');
    reply.body.push_back(c);
  }
  reply.body += "\"}";
  return reply;
}

}  // namespace countersign::net
