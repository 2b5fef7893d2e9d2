// What a server counts; server/ exports it as metrics. Written with relaxed order, read at any time.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace countersign::net {

struct Counters {
  using Count = std::atomic<std::uint64_t>;

  Count connections_accepted{0};
  Count connections_open{0};
  Count connections_evicted{0};     // idle ones that gave way to new ones at the limit
  Count accept_failures{0};         // out of descriptors and the like
  Count requests{0};                // whole requests given to a handler
  Count requests_refused{0};        // by net/ itself: malformed, too large, too slow
  std::array<Count, 5> responses{};  // by class: [0] is 1xx … [4] is 5xx
  Count too_many_requests{0};       // responses with status 429
  Count handler_failures{0};        // exceptions out of a handler, replies never given
  Count bytes_in{0};
  Count bytes_out{0};
  Count tls_handshakes{0};
  Count tls_failures{0};
  Count timeouts{0};                // connections ended by a deadline, idle ones not counted
  Count waits_open{0};              // requests and streams waiting for a wake
};

inline void add(Counters::Count& count, std::uint64_t n) { count.fetch_add(n, std::memory_order_relaxed); }
inline void bump(Counters::Count& count) { add(count, 1); }

}  // namespace countersign::net
