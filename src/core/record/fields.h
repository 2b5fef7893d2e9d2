// EVERY field of EVERY record, once, with its class (design §4):
//   open     the operator may read it in SQL and in the operator's log
//   service  sealed; only keys/ opens it, one at a time
//   tenant   history; sealed to the tenant
// The operator's log (oplog/) takes open fields only: the wrong class does not compile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/id.h"

namespace countersign::record {

enum class Class { open, service, tenant };

template <Class kClass, class T>
struct Field {
  using value_type = T;
  static constexpr Class kind = kClass;
  std::string_view name;
  std::string_view meaning;
};
template <class T>
using Open = Field<Class::open, T>;
template <class T>
using Service = Field<Class::service, T>;
template <class T>
using Sealed = Field<Class::tenant, T>;

// Open.
inline constexpr Open<TenantId> tenant_id{"tenant_id", "whose record it is"};
inline constexpr Open<EventId> event_id{"event_id", "the record's own id"};
inline constexpr Open<std::int64_t> day{"day", "days since 1970-01-01 UTC"};
inline constexpr Open<AppId> app_id{"app_id", "the application's integration key"};
inline constexpr Open<std::string> event{"event", "name of an operational event, such as server.ready"};
inline constexpr Open<std::string> route{"route", "a route's pattern, never the path as sent"};
inline constexpr Open<std::int64_t> status{"status", "HTTP status"};
inline constexpr Open<std::int64_t> code{"code", "the answer's code"};
inline constexpr Open<std::string> reference{"reference", "a random number that a user may quote"};
inline constexpr Open<std::string> detail{"detail", "text of an error, made by us, without personal data"};
inline constexpr Open<std::int64_t> count{"count", "how many"};
inline constexpr Open<std::int64_t> took_ms{"took_ms", "milliseconds"};

// Service.
inline constexpr Service<std::string> phone_number{"phone.number", "a user's number, E.164"};
inline constexpr Service<std::string> secret_key{"app.secret_key", "an application's secret key"};
inline constexpr Service<std::string> factor_state{"enrolment.state", "seeds, counters, device keys"};
inline constexpr Service<std::string> attempt_context{"attempt.context", "what a sign-in in progress must remember"};

}  // namespace countersign::record
