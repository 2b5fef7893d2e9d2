#include "net/http_head.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace countersign::net {
namespace {

constexpr std::size_t kMethodMax = 32;
constexpr std::size_t kHostMax = 253;  // RFC 1035 §2.3.4, written without the root's dot

enum Class : unsigned { kToken = 1, kField = 2, kTarget = 4, kHost = 8 };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  const auto mark = [&table](std::string_view chars, unsigned bits) {
    for (const char c : chars) {
      auto& entry = table[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | bits);
    }
  };
  mark("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", kToken | kHost);
  mark("!#$%&'*+-.^_`|~", kToken);  // RFC 9110 §5.6.2
  mark("-._", kHost);
  mark(" \t", kField);
  for (unsigned c = 0x21; c < 0x100; ++c) {
    unsigned bits = c == 0x7f ? 0u : unsigned{kField};           // RFC 9110 §5.5, obs-text included
    if (c < 0x7f && c != '#') bits |= kTarget;                   // a fragment is never sent (RFC 9112 §3.2)
    table[c] = static_cast<std::uint8_t>(table[c] | bits);
  }
  return table;
}

constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

bool is(char c, Class wanted) { return (kClasses[static_cast<unsigned char>(c)] & wanted) != 0; }

bool all(std::string_view text, Class wanted) {
  for (const char c : text) {
    if (!is(c, wanted)) return false;
  }
  return true;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_lower(std::string_view text, std::string_view lower_text) {
  if (text.size() != lower_text.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_text[i]) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool valid_port(std::string_view port) {
  unsigned number = 0;
  if (port.empty() || port.size() > 5) return false;
  const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), number);
  return ec == std::errc() && end == port.data() + port.size() && number <= 65535;
}

bool valid_ip6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos) return false;
  text.copy(copy.data(), text.size());
  in6_addr parsed{};
  return inet_pton(AF_INET6, copy.data(), &parsed) == 1;
}

// host[:port] (RFC 9112 §3.2), with names of letters, digits, '-', '.', '_' as in every client seen.
bool valid_host(std::string_view host) {
  std::size_t end = 0;
  if (host.starts_with('[')) {
    end = host.find(']');
    if (end == std::string_view::npos || !valid_ip6(host.substr(1, end - 1))) return false;
    ++end;
  } else {
    end = std::min(host.find(':'), host.size());
    if (end == 0 || end > kHostMax || !all(host.substr(0, end), kHost)) return false;
  }
  return end == host.size() || (host[end] == ':' && valid_port(host.substr(end + 1)));
}

struct RequestLine {
  std::string_view method, target;
  bool http_1_0 = false;
};

std::optional<BadHead> parse_request_line(std::string_view line, RequestLine& out) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return BadHead{400, "The request line is malformed."};
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (out.method.empty() || out.method.size() > kMethodMax || !all(out.method, kToken)) {
    return BadHead{400, "The request method is malformed."};
  }
  if (out.target.empty() || !all(out.target, kTarget)) return BadHead{400, "The request target is malformed."};
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != 8 || !version.starts_with("HTTP/") || !digit(version[5]) || version[6] != '.' ||
      !digit(version[7])) {
    return BadHead{400, "The HTTP version is malformed."};
  }
  if (version[5] != '1') return BadHead{505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."};
  out.http_1_0 = version[7] == '0';
  return std::nullopt;
}

std::optional<BadHead> parse_target(const RequestLine& line, HttpRequest& out) {
  std::string_view target = line.target;
  out.host.clear();
  if (line.method == "CONNECT") return BadHead{501, "CONNECT is not supported."};
  if (target == "*") {
    if (line.method != "OPTIONS") return BadHead{400, "The request target \"*\" belongs to OPTIONS."};
  } else if (!target.starts_with('/')) {
    const std::size_t scheme = target.find("://");
    if (scheme == std::string_view::npos ||
        !(equals_lower(target.substr(0, scheme), "https") || equals_lower(target.substr(0, scheme), "http"))) {
      return BadHead{400, "The request target must be a path or an http(s) URL."};
    }
    target.remove_prefix(scheme + 3);
    const std::size_t authority = std::min(target.find_first_of("/?"), target.size());
    if (!valid_host(target.substr(0, authority))) {
      return BadHead{400, "The request target's host must have the form host[:port]."};
    }
    out.host = target.substr(0, authority);
    target.remove_prefix(authority);
  }
  const std::size_t mark = std::min(target.find('?'), target.size());
  out.path = target.substr(0, mark);
  if (out.path.empty()) out.path = "/";
  out.query = mark < target.size() ? target.substr(mark + 1) : std::string_view();
  out.method = line.method;
  return std::nullopt;
}

// What the headers say about framing and the connection, each with how often it stood.
struct Seen {
  unsigned hosts = 0, lengths = 0, encodings = 0;
  std::string_view host, length, encoding;
  bool close = false, keep_alive = false, expect = false, expect_unknown = false;
};

void note_connection(std::string_view value, Seen& seen) {
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view option = trimmed(value.substr(0, comma));
    if (equals_lower(option, "close")) seen.close = true;
    if (equals_lower(option, "keep-alive")) seen.keep_alive = true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
}

void note(std::string_view name, std::string_view value, Seen& seen) {
  if (name == "host") {
    ++seen.hosts;
    seen.host = value;
  } else if (name == "content-length") {
    ++seen.lengths;
    seen.length = value;
  } else if (name == "transfer-encoding") {
    ++seen.encodings;
    seen.encoding = value;
  } else if (name == "connection") {
    note_connection(value, seen);
  } else if (name == "expect") {
    (equals_lower(value, "100-continue") ? seen.expect : seen.expect_unknown) = true;
  }
}

std::optional<BadHead> parse_fields(std::string_view fields, const HeadLimits& limits, HttpRequest& out, Seen& seen) {
  std::size_t count = 0;
  while (!fields.empty()) {
    const std::string_view line = fields.substr(0, fields.find("\r\n"));
    fields.remove_prefix(line.size() + 2);
    if (line.front() == ' ' || line.front() == '\t') return BadHead{400, "Folded header lines are not accepted."};
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || !all(line.substr(0, colon), kToken)) {
      return BadHead{400, "A header line is malformed."};
    }
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!all(value, kField)) return BadHead{400, "A header value holds a control character."};
    if (count == limits.headers) return BadHead{431, "The request has too many headers."};
    if (count == out.headers.size()) out.headers.emplace_back();
    Header& header = out.headers[count++];
    header.name = line.substr(0, colon);
    for (char& c : header.name) c = lower(c);
    header.value = value;
    note(header.name, value, seen);
  }
  out.headers.resize(count);
  return std::nullopt;
}

std::optional<BadHead> decide_framing(const Seen& seen, const HeadLimits& limits, Head& head) {
  if (seen.encodings > 0) {
    if (seen.lengths > 0) return BadHead{400, "Content-Length and Transfer-Encoding exclude each other."};
    if (head.http_1_0) return BadHead{400, "HTTP/1.0 has no Transfer-Encoding."};
    if (seen.encodings > 1 || seen.encoding.empty()) return BadHead{400, "Transfer-Encoding is malformed."};
    if (!equals_lower(seen.encoding, "chunked")) {
      return BadHead{501, "Only the transfer encoding \"chunked\" is supported."};
    }
    head.framing = Framing::chunked;
    return std::nullopt;
  }
  if (seen.lengths == 0) return std::nullopt;
  const bool digits = seen.length.find_first_not_of("0123456789") == std::string_view::npos;
  if (seen.lengths > 1 || seen.length.empty() || !digits) return BadHead{400, "Content-Length is malformed."};
  std::uint64_t length = 0;
  const char* end = seen.length.data() + seen.length.size();
  if (std::from_chars(seen.length.data(), end, length).ec != std::errc() || length > limits.body_bytes) {
    return BadHead{413, "The request body is too large."};
  }
  head.framing = length > 0 ? Framing::length : Framing::none;
  head.content_length = static_cast<std::size_t>(length);
  return std::nullopt;
}

// Something is missing yet: say now what no continuation can mend, so that nobody waits for the deadline.
HeadOutcome incomplete(std::string_view rest, const HeadLimits& limits) {
  if (rest.empty()) return NeedMore{};
  if (!is(rest.front(), kToken)) return BadHead{400, "The request line is malformed."};
  for (std::size_t at = rest.find('\n'); at != std::string_view::npos; at = rest.find('\n', at + 1)) {
    if (rest[at - 1] != '\r') return BadHead{400, "Lines must end with CR LF."};
  }
  const std::size_t line = rest.find("\r\n");
  RequestLine ignored;
  if (line != std::string_view::npos) {
    if (auto bad = parse_request_line(rest.substr(0, line), ignored)) return *bad;
  } else if (rest.find(' ') == std::string_view::npos && rest.size() > kMethodMax) {
    return BadHead{400, "The request method is malformed."};
  }
  if (rest.size() >= limits.head_bytes) return BadHead{431, "The request head is too large."};
  return NeedMore{};
}

}  // namespace

bool is_blank(std::string_view in) { return in.empty() || in == "\r" || in == "\r\n"; }

HeadOutcome parse_head(std::string_view in, const HeadLimits& limits, HttpRequest& out) {
  if (is_blank(in)) return NeedMore{};
  const std::size_t skipped = in.starts_with("\r\n") ? 2 : 0;
  const std::string_view rest = in.substr(skipped);
  const std::size_t end = rest.find("\r\n\r\n");
  if (end == std::string_view::npos) return incomplete(rest, limits);
  if (end + 4 > limits.head_bytes) return BadHead{431, "The request head is too large."};

  std::string_view fields = rest.substr(0, end + 2);
  RequestLine line;
  const std::string_view first = fields.substr(0, fields.find("\r\n"));
  if (auto bad = parse_request_line(first, line)) return *bad;
  fields.remove_prefix(first.size() + 2);
  if (auto bad = parse_target(line, out)) return *bad;
  Seen seen;
  if (auto bad = parse_fields(fields, limits, out, seen)) return *bad;
  if (seen.hosts != 1 || !valid_host(seen.host)) {
    return BadHead{400, "Exactly one Host header of the form host[:port] is required."};
  }
  if (out.host.empty()) out.host = seen.host;

  Head head;
  head.size = skipped + end + 4;
  head.http_1_0 = line.http_1_0;
  if (auto bad = decide_framing(seen, limits, head)) return *bad;
  if (seen.expect_unknown) return BadHead{417, "Only the expectation \"100-continue\" is known."};
  head.keep_alive = !seen.close && (!head.http_1_0 || seen.keep_alive);
  head.expects_continue = seen.expect && !head.http_1_0 && head.framing != Framing::none;
  return head;
}

}  // namespace countersign::net
