// One authentication as Duo's v2 log shows it (duo-api §5.3). All of it is of class tenant but the ids in the open.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/id.h"
#include "core/base/result.h"
#include "core/base/time.h"

namespace countersign::record {

// The device on which the user is signing in, as far as the client told.
struct AccessDevice {
  std::string ip;
  std::string hostname;
  std::string browser{}, browser_version{};  // of a sign-in in a browser, as core/codec/user_agent.h reads them
  std::string os{}, os_version{};
};

// The device that proved the factor; `name` is a masked number, a token's serial, or the owner's name for it.
struct AuthDevice {
  std::string key;
  std::string name;
  std::string ip;
};

struct AuthEvent {
  EventId id;
  TenantId tenant;
  AttemptId txid;
  Instant at{};
  std::string event_type = "authentication";
  std::string result;  // success, denied, fraud, error
  std::string reason;  // words of duo-api §5.3
  std::string factor;  // words of duo-api §5.3; "not_available" when none was used
  std::string user_key, user_name, email, alias;
  std::vector<std::string> groups;
  std::string app_key, app_name;
  AccessDevice access_device;
  AuthDevice auth_device;
};

// The v2 log event, one JSON object with every field of the schema, in a fixed order; what is unknown is null or "".
std::string to_log_json(const AuthEvent& event);

// An administrator's or the system's change as Duo's activity v2 log shows it.
struct ActivityEvent {
  EventId id;
  TenantId tenant;
  Instant at{};
  std::string action;                       // user_create, user_update, bypass_create, integration_create, …
  std::string details;                      // JSON text of what changed, without secrets
  std::string actor_type, actor_key, actor_name;   // "admin", "system", "api"
  std::string target_type, target_key, target_name;
  std::string outcome = "SUCCESS";
};

std::string to_log_json(const ActivityEvent& event);

// What is bound to a sealed row as associated data: tenant, stream, day and id, each with its length.
std::string open_part(const TenantId& tenant, std::string_view stream, std::int64_t day, const EventId& id);

std::int64_t day_of(Instant t);

}  // namespace countersign::record
