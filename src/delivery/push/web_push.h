// Sends one message to one subscription (RFC 8030). Its content is a constant: whoever reads it learns nothing.
#pragma once

#include <list>
#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/base/time.h"
#include "core/webpush/endpoint.h"
#include "core/webpush/subscription.h"
#include "delivery/push/vapid.h"
#include "net/http_client.h"

namespace countersign::push {

// All that is ever sent: the authenticator asks over its own channel what there is.
inline constexpr std::string_view kLook = R"({"look":true})";

inline constexpr seconds kRetryAfterMax{24 * 3600};

struct Message {
  // A newer message takes the place of an undelivered one (RFC 8030 §5.4); 1 to 32 of A-Za-z0-9-_.
  std::string_view topic;
  seconds lifetime{0};     // the service forgets it afterwards (RFC 8030 §5.2)
};

enum class End {
  accepted,      // the service has it
  gone,          // 404, 410: the subscription is no more (RFC 8030 §7.3)
  too_large,     // 413
  retry_later,   // 429 and 5xx: after `retry_after`, where the service named a time
  unreachable,   // no connection, no TLS, no whole answer
  rejected,      // everything else; trying again would change nothing
};

struct Outcome {
  End end = End::rejected;
  seconds retry_after{0};  // 0: none named
  int status = 0;          // 0: no answer
};

struct SenderPorts {
  Vapid& vapid;
  const webpush::Services& services;
  Random& random;
  const Clock& clock;
};

struct SenderOptions {
  milliseconds timeout{5'000};  // for the whole exchange
  std::string ca_file;          // PEM; empty: the system's
};

// Keeps a few connections open between messages. One thread at a time.
class WebPush {
  struct Line {
    std::string origin;
    net::HttpClient client;
  };

  SenderPorts ports_;
  SenderOptions options_;
  std::list<Line> lines_;  // the last used first

 public:
  WebPush(SenderPorts ports, SenderOptions options) : ports_(ports), options_(std::move(options)) {}

  // Blocks, at most for the timeout and the look-up of the host's name. A subscription whose service is not allowed
  // (any more) is `rejected` without a connection. Redirects are not followed.
  Outcome send(const webpush::Subscription& to, const Message& message);

 private:
  Result<net::HttpClient*> line_to(const webpush::Endpoint& endpoint);
};

}  // namespace countersign::push
