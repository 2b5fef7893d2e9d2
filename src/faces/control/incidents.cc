#include "faces/control/breach.h"
#include "faces/control/rows.h"
#include "flow/administer_protection.h"

namespace countersign::control {
namespace {

constexpr Argument kIncident{"incident", Shape::positional, Need::required, "The incident's id"};

void write(codec::JsonWriter& to, const store::StoredIncident& incident) {
  to.key("incident_id").string(incident.id.text()).key("kind").string(incident.kind);
  to.key("user_id");
  incident.user.empty() ? to.null() : to.string(incident.user.text());
  write_time(to, "opened", incident.opened);
  write_time(to, "closed", incident.closed);
}

std::string row_of(const store::StoredIncident& incident) {
  codec::JsonWriter w;
  w.begin_object();
  write(w, incident);
  return w.end_object().take();
}

Result<store::StoredIncident> the_incident(const Call& call) {
  const std::string id = TRY(call.args.text("incident"));
  const Tenant tenant = TRY(the_tenant(call));
  return flow::find_incident(call.by.ports, tenant.id, id);
}

Result<void> list(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  return flow::each_incident(call.by.ports, tenant.id,
                             [&](const store::StoredIncident& incident) { return call.row(row_of(incident)); });
}

Result<void> show(const Call& call) {
  const store::StoredIncident incident = TRY(the_incident(call));
  const flow::Incident open = TRY(flow::read_incident(call.by, incident));
  codec::JsonWriter w;
  w.begin_object();
  write(w, incident);
  w.key("evidence").raw(open.evidence).end_object();
  call.row(w.take());
  return {};
}

Result<void> close(const Call& call) {
  const store::StoredIncident incident = TRY(the_incident(call));
  call.row(row_of(TRY(flow::close_incident(call.by, incident))));
  return {};
}

}  // namespace

std::vector<Command> incident_commands() {
  std::vector<Command> out = {
      {.words = "incident list", .touch = kLists,
       .meaning = "Show what users reported and what was noticed, newest first",
       .arguments = {kTenant},
       .rows = Rows::many,
       .run = list},
      {.words = "incident show", .touch = kLists,
       .meaning = "Show an incident with its evidence; that you read it is logged",
       .arguments = {kIncident, kTenant},
       .run = show},
      {.words = "incident close", .touch = kChanges,
       .meaning = "Mark an incident as dealt with", .arguments = {kIncident, kTenant},
       .run = close},
  };
  for (const auto& group : {scope_commands(), kill_commands(), bundle_commands(), notice_commands()}) {
    out.insert(out.end(), group.begin(), group.end());
  }
  return out;
}

}  // namespace countersign::control
