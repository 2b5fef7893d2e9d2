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

// Tenant. One list a stream, in the names of its log; a dot steps into an object. A test holds to_log_json to them.
inline constexpr Sealed<std::string> kAuthenticationFields[] = {
    {"txid", "the attempt"},
    {"timestamp", "seconds since 1970 UTC"},
    {"isotimestamp", "the same with microseconds"},
    {"event_type", "authentication or enrollment"},
    {"result", "success, denied, fraud or error"},
    {"reason", "why (duo-api §5.3)"},
    {"factor", "what was used (duo-api §5.3)"},
    {"user.key", "the user's id"},
    {"user.name", "the user's name"},
    {"user.groups", "names of groups"},
    {"alias", "the name the client sent, where it is another"},
    {"email", "the user's"},
    {"application.key", "integration key"},
    {"application.name", "as the tenant calls it"},
    {"access_device.browser", "family"},
    {"access_device.browser_version", "its version"},
    {"access_device.epkey", "endpoint's id"},
    {"access_device.flash_version", "its version"},
    {"access_device.java_version", "its version"},
    {"access_device.hostname", "as the client gave it"},
    {"access_device.ip", "as the client gave it"},
    {"access_device.is_encryption_enabled", "true, false or unknown"},
    {"access_device.is_firewall_enabled", "true, false or unknown"},
    {"access_device.is_password_set", "true, false or unknown"},
    {"access_device.location.city", "of the address"},
    {"access_device.location.state", "of the address"},
    {"access_device.location.country", "of the address"},
    {"access_device.os", "family"},
    {"access_device.os_version", "its version"},
    {"access_device.security_agents", "name and version of each"},
    {"access_device.management_agents", "name and version of each"},
    {"auth_device.ip", "where the answer came from"},
    {"auth_device.key", "the phone's or token's id"},
    {"auth_device.name", "masked number, serial, or the owner's name for it"},
    {"auth_device.location.city", "of the address"},
    {"auth_device.location.state", "of the address"},
    {"auth_device.location.country", "of the address"},
    {"adaptive_trust_assessments", "risk, by model"},
    {"ood_software", "what was out of date"},
    {"trusted_endpoint_status", "trusted, not trusted or unknown"},
};
inline constexpr Sealed<std::string> kActivityFields[] = {
    {"activity_id", "the record's own id"},
    {"ts", "when, with microseconds"},
    {"action.name", "user_create, policy_update, …"},
    {"action.details", "JSON text of what changed, without secrets"},
    {"actor.key", "who did it: id"},
    {"actor.name", "and name"},
    {"actor.type", "admin, api or system"},
    {"actor.details", "more of it"},
    {"target.key", "what was changed: id"},
    {"target.name", "and name"},
    {"target.type", "its type"},
    {"target.details", "more of it"},
    {"old_target", "what it was before"},
    {"application", "through which application"},
    {"akey", "the tenant"},
    {"access_device.browser", "family"},
    {"access_device.browser_version", "its version"},
    {"access_device.epkey", "endpoint's id"},
    {"access_device.ip.address", "where it was done from"},
    {"access_device.location.city", "of the address"},
    {"access_device.location.state", "of the address"},
    {"access_device.location.country", "of the address"},
    {"access_device.os", "family"},
    {"access_device.os_version", "its version"},
    {"outcome.result", "SUCCESS or FAILURE"},
};

}  // namespace countersign::record
