// links: net
// The head parser and the chunked decoder: no input crashes them, what they accept keeps to its limits, and a head says
// the same whether it comes whole or byte by byte.
#include <cstdlib>
#include <string_view>

#include "net/chunked.h"
#include "net/http_head.h"

using countersign::net::BadHead;
using countersign::net::ChunkedDecoder;
using countersign::net::Head;
using countersign::net::HeadLimits;
using countersign::net::HeadOutcome;
using countersign::net::HttpRequest;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_head(std::string_view in, const HeadLimits& limits, const Head& head, const HttpRequest& request) {
  require(head.size <= in.size() && head.size <= limits.head_bytes + 2);
  require(in.substr(0, head.size).ends_with("\r\n\r\n"));
  require(head.content_length <= limits.body_bytes);
  require(!request.method.empty() && !request.path.empty() && !request.host.empty());
  require(request.headers.size() <= limits.headers);
  for (const auto& header : request.headers) {
    require(!header.name.empty() && header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
  HttpRequest again;
  for (std::size_t size = 0; size < head.size; ++size) {
    require(std::holds_alternative<countersign::net::NeedMore>(parse_head(in.substr(0, size), limits, again)));
  }
}

void check_chunked(std::string_view in, std::size_t body_max) {
  std::string whole, pieces;
  ChunkedDecoder at_once(body_max), by_bytes(body_max);
  const std::size_t taken = at_once.feed(in, whole);
  std::size_t at = 0;
  while (at < in.size() && by_bytes.state() == ChunkedDecoder::State::more) at += by_bytes.feed(in.substr(at, 1), pieces);
  require(taken <= in.size() && taken == at && whole == pieces && whole.size() <= body_max);
  require(at_once.state() == by_bytes.state());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(bytes), size);
  const HeadLimits limits{.head_bytes = 512, .headers = 8, .body_bytes = 100};
  HttpRequest request;
  const HeadOutcome outcome = parse_head(in, limits, request);
  if (const auto* head = std::get_if<Head>(&outcome)) {
    check_head(in, limits, *head, request);
    if (head->framing == countersign::net::Framing::chunked) check_chunked(in.substr(head->size), limits.body_bytes);
  } else if (const auto* bad = std::get_if<BadHead>(&outcome)) {
    require(bad->status >= 400 && bad->status <= 505 && !bad->detail.empty());
  }
  check_chunked(in, limits.body_bytes);
  return 0;
}
