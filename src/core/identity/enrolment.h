// An enrolment: a factor bound to a user; and the phone that some of them live on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/base/time.h"

namespace countersign {

struct Enrolment {
  TenantId tenant;
  EnrolmentId id;
  UserId user;
  std::string kind;     // factor::Kind::name: "totp", "hotp", "bypass", "push"; never renamed
  PhoneId phone;        // empty: a token or code of its own
  std::string label;    // open: a serial or a name without personal data
  Bytes sealed_state;   // service class; only the factor's own file reads what keys/ opens
  Instant created{};
  std::optional<Instant> last_used;
  std::int64_t version = 0;  // grows with each change of state; writes are made on its condition
};

struct Phone {
  TenantId tenant;
  PhoneId id;
  UserId user;
  std::string name;          // given by the owner
  std::string platform;      // "Google Android", "Apple iOS", "Generic Smartphone", …
  std::string masked;        // "XXX-XXX-0100"; empty: no number
  Bytes sealed_number;       // service class; empty: no number
  bool activated = false;    // an authenticator with a device key is bound to it
  Instant created{};
  std::optional<Instant> last_seen;
  std::int64_t version = 0;
};

}  // namespace countersign
