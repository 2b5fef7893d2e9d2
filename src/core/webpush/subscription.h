// A Web Push subscription: where messages for one phone go and for whom they are encrypted (W3C Push API §8).
#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace countersign::webpush {

inline constexpr std::size_t kSubscriptionMax = 4096;  // bytes of JSON
inline constexpr std::size_t kAuthSize = 16;           // RFC 8291 §3.2

struct Subscription {
  std::string endpoint;  // parsed, but not yet held against the allowed services
  Bytes p256dh;          // the browser's public key, 65 bytes
  Secret auth;
};

// As PushSubscription.toJSON() writes it: {"endpoint": "https://…", "keys": {"p256dh": "B…", "auth": "…"}}, binary
// values in base64url without padding; other members are left alone.
// malformed: another form, a known member twice, a key that is no point on P-256, an endpoint that is no address.
// exhausted: over 4 KiB.
Result<Subscription> read_subscription(std::string_view json);
// The same form, for tests and tools.
std::string write_subscription(const Subscription& subscription);

// The form in which it is sealed.
Secret encode(const Subscription& subscription);
// malformed: not what encode() wrote.
Result<Subscription> decode(std::string_view text);

}  // namespace countersign::webpush
