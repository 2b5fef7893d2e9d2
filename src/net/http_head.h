// The head of an HTTP/1.1 request, read strictly (RFC 9112): what is not exactly allowed is refused, because two
// readers that disagree about where a request ends are how requests get smuggled.
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include "net/http.h"

namespace countersign::net {

struct HeadLimits {
  std::size_t head_bytes = 16 * 1024;
  std::size_t headers = 100;
  std::size_t body_bytes = 64 * 1024;
};

enum class Framing { none, length, chunked };

// What the head says about the rest of the request.
struct Head {
  std::size_t size = 0;            // bytes it takes of the input, a skipped empty line included
  Framing framing = Framing::none;
  std::size_t content_length = 0;  // of Framing::length, at most body_bytes
  bool http_1_0 = false;
  bool keep_alive = true;
  bool expects_continue = false;   // the client waits for "100 Continue" before the body
};

// Why there is no request: a status (400, 413, 417, 431, 501, 505) and a sentence without the input in it.
struct BadHead {
  int status;
  std::string_view detail;
};

struct NeedMore {};

using HeadOutcome = std::variant<NeedMore, Head, BadHead>;

// Reads one head from the start of `in` and fills method, path, query, host and headers of `out` (its strings are
// reused; after BadHead and NeedMore they hold anything). Pure: the same bytes give the same answer, and NeedMore is
// only said of what some continuation makes a head.
//
// Strict means: CRLF line ends only; one empty line before the request line is skipped; exactly one Host, of the form
// host[:port], whatever the target's form; no white space before a colon, no folded lines; at most one Content-Length;
// Transfer-Encoding only `chunked`, never beside Content-Length and never in HTTP/1.0. The authority of an
// absolute-form target wins over Host (RFC 9112 §3.2.2). A bare trailing "?" is an empty query.
HeadOutcome parse_head(std::string_view in, const HeadLimits& limits, HttpRequest& out);

// Whether `in` holds nothing of a request yet: no byte, or (part of) the one empty line that is skipped.
bool is_blank(std::string_view in);

}  // namespace countersign::net
