// Everything one call within a visit rests on, read on one snapshot; and how the visit ends.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flow/attempt_events.h"
#include "flow/browser.h"
#include "flow/stored_visit.h"
#include "flow/visit.h"
#include "flow/visit_ending.h"

namespace countersign::flow {

struct OpenVisit {
  store::StoredVisit row;
  signin::Visit visit;
  Application app;
  std::string tenant_name;
  std::optional<store::Browser> browser;
  Familiarity familiarity = Familiarity::unknown;
  Situation situation;                  // decided for this browser
  std::optional<signin::Attempt> push;  // the request of this visit that waits, or waited last
  std::int64_t push_version = 0;
};

// The visit as its own browser may see it.   not_found: no such visit, over, not opened yet, or another browser's.
Result<OpenVisit> read_visit(const Ports& ports, const Caller& caller);
// The visit as such, for what happens elsewhere (a phone's answer). nullopt: gone.
Result<std::optional<OpenVisit>> read_visit(const Ports& ports, const VisitId& id);

Error no_visit();

// The ways that are open to this user in this visit, strongest first. Somebody who has a passkey is never led to
// something weaker because the passkey did not work (security §4.2.9): from a browser he is not known from, and after
// a passkey failed, only passkeys and recovery codes are left.
std::vector<Method> ways(const OpenVisit& open);
// The enrolments whose codes may be typed here; empty: none.
std::vector<EnrolmentId> typeable(const OpenVisit& open);

// By a success the visit is allowed and the browser recognised; by anything else it is denied.
Result<VisitEnding> end_visit(const Ports& ports, const OpenVisit& open, const record::AuthEvent& event);

// What the browser is to see, from the visit as it stands.
Result<View> view_of(const Ports& ports, const OpenVisit& open);

// The same for a caller, after ending the visit where policy needs no factor (any more), or lets nobody in.
// The caller is shared: it lives until the commit is durable.
void show_visit(const Ports& ports, std::shared_ptr<const Caller> caller, Done<View> done);
// Stores a changed visit on the version read, then shows it.
void store_and_show(const Ports& ports, std::shared_ptr<const Caller> caller, store::StoredVisit row, Done<View> done);

}  // namespace countersign::flow
