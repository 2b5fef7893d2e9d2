// One change within the device portal, from its form to the commit; see portal_changes.h.
#pragma once

#include <functional>
#include <optional>

#include "flow/administer.h"
#include "flow/notices.h"
#include "flow/open_portal.h"
#include "flow/portal_changes.h"

namespace countersign::flow {

// What a change does beside its session, sealed and ready to be written.
struct PortalPlan {
  signin::PortalSession session;  // as it is to be afterwards
  PortalDone out;
  std::function<Result<void>(store::Txn&)> write;  // empty: the session alone
  std::optional<store::HistoryRow> activity;
  std::optional<store::StoredNotice> notice;
  // Whether the user's row is stored anew on the version read: two changes that take factors away cannot pass each
  // other.
  enum class Serial { no, yes } serial = Serial::no;
};
using PlanChange = std::function<Result<PortalPlan>(const OpenPortal& open, const PortalForm& form)>;

// What must be before anything is planned.
enum class Gate {
  session,  // a session is enough
  fresh,    // a fresh proof by the strongest factor, and an account that is not protected
};
// Runs `plan` and writes what it says, on the condition that session and user are as they were read; a form counts
// once. Nothing but the session is written where the outcome is not `done`.
struct PortalRequest {
  PortalCaller caller;
  PortalForm form;
};
void change_portal(const Ports& ports, PortalRequest request, Gate gate, PlanChange plan, Done<PortalDone> done);

// The plan that leaves everything as it is.
PortalPlan nothing_but(const OpenPortal& open, PortalOutcome outcome);
// A plan that has its activity event; `details` is a JSON object.
Result<PortalPlan> plan_of(const Ports& ports, const OpenPortal& open, std::string action, std::string details);
// What people may write on a factor: 1 to kFactorNameMax characters, without control characters.
bool is_factor_name(std::string_view text);
std::string portal_detail(std::string_view key, std::string_view value);

}  // namespace countersign::flow
