// "Not me" is a command (security §4.2.4): the account is protected, what the attacker may have is taken away, and an
// incident keeps the evidence. Lifted only by a passkey and an administrator.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flow/notices.h"
#include "flow/sign_in.h"
#include "store/protection.h"

namespace countersign::flow {

inline constexpr std::chrono::hours kSuspectedBack{24};  // browsers first used since then are forgotten

// Everything a protection writes, sealed beforehand.
struct Protection {
  TenantId tenant;
  UserId user;
  store::StoredIncident incident;
  store::HistoryRow activity;
  store::StoredNotice notice;  // for the user's authenticators
};

// What is known of the request that was reported.
struct Evidence {
  std::string kind;  // "not_me", "campaign"
  Application app;
  AttemptId attempt;
  record::AccessDevice access;
  UserId user;
  std::string username;
};
Result<Protection> plan_protection(const Ports& ports, const Evidence& evidence);
// The account is protected; portal sessions, remembered devices, browsers of the last day and authenticators that were
// begun in it and never bound end.
Result<void> write_protection(const Ports& ports, store::Txn& txn, const Protection& protection);

// A source that prompts many: an incident without a protected account.
struct Alarm {
  store::StoredIncident incident;
  store::HistoryRow activity;
};
Result<Alarm> plan_alarm(const Ports& ports, const Evidence& evidence);
Result<void> write_alarm(store::Txn& txn, const Alarm& alarm);

// An incident as people read it.
struct Incident {
  IncidentId id;
  std::string kind;
  UserId user;
  Instant opened{};
  std::optional<Instant> closed;
  std::string evidence;  // one JSON object
};
Result<Incident> open_incident(const Ports& ports, const store::StoredIncident& row);

}  // namespace countersign::flow
