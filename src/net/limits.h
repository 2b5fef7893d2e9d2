// What one server allows: how many, how large, how long. The defaults are those of the operator's manual.
#pragma once

#include <chrono>
#include <cstddef>

namespace countersign::net {

struct Limits {
  std::size_t connections = 10'000;            // per listener; then the longest idle one gives way, or accept pauses
  std::size_t head_bytes = 16 * 1024;          // request line and headers
  std::size_t headers = 100;
  std::size_t body_bytes = 64 * 1024;          // after chunked decoding
  std::chrono::milliseconds head{10'000};      // from the first byte to the end of the head; also the TLS handshake
  std::chrono::milliseconds body{20'000};      // from the end of the head
  std::chrono::milliseconds idle{75'000};      // between requests
  std::chrono::milliseconds write{20'000};     // for a reply to be taken, plus a second for each 16 KiB of it
  std::chrono::milliseconds commit{30'000};    // for a Committing to be done, then 503
  std::chrono::milliseconds heartbeat{15'000};  // a comment in a silent event stream
  std::chrono::milliseconds drain{10'000};     // for requests in flight once the server stops
  std::chrono::milliseconds tick{100};         // how often deadlines are looked at
};

}  // namespace countersign::net
