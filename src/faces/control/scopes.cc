// What a credential, an address or a supplier got hold of.
#include "faces/control/breach.h"
#include "faces/control/rows.h"
#include "flow/scope_people.h"

namespace countersign::control {
namespace {

constexpr flow::ScopeBy kWays[] = {flow::ScopeBy::credential, flow::ScopeBy::session, flow::ScopeBy::app,
                                   flow::ScopeBy::ip, flow::ScopeBy::supplier};

Result<flow::ScopeQuery> query_of(const Call& call) {
  flow::ScopeQuery out;
  int ways = 0;
  for (const flow::ScopeBy by : kWays) {
    const auto value = TRY(call.args.maybe(flow::name(by)));
    if (!value) continue;
    ++ways;
    out.by = by;
    out.value = *value;
  }
  if (ways != 1) return Error{Errc::malformed, "name one of --credential, --session, --app, --ip and --supplier"};
  const std::string from = TRY(call.args.text("from")), to = TRY(call.args.text("to"));
  out.from = TRY(parse_time(from));
  out.to = TRY(parse_time(to));
  out.refs = std::move(call.list);
  return out;
}

void write_counts(codec::JsonWriter& w, const flow::ExposedTenant& one) {
  w.key("released").integer(one.released).key("returned").integer(one.returned).key("viewed").integer(one.viewed);
  w.key("events").integer(one.events.count());
  write_time(w, "first_read", one.first);
  write_time(w, "last_read", one.last);
}

void write_distinct(codec::JsonWriter& w, const std::optional<flow::Distinct>& distinct) {
  if (!distinct) return;
  w.key("users").integer(distinct->users).key("numbers").integer(distinct->numbers);
  w.key("counted_by").string(distinct->by == flow::Distinct::By::opened ? "opened rows" : "tags, at least");
}

std::string tenant_row(const flow::Scope& scope, const flow::ExposedTenant& one) {
  codec::JsonWriter w;
  w.begin_object().key("scope_id").string(scope.id).key("tenant_id").string(one.tenant.text());
  write_counts(w, one);
  write_distinct(w, one.distinct);
  return w.end_object().take();
}

// All tenants together, and what else there is to know.
std::string summary_row(const flow::Scope& scope) {
  flow::ExposedTenant sum;
  for (const flow::ExposedTenant& one : scope.tenants) {
    sum.released += one.released, sum.returned += one.returned, sum.viewed += one.viewed;
    if (one.first && (!sum.first || *one.first < *sum.first)) sum.first = one.first;
    if (one.last && (!sum.last || *one.last > *sum.last)) sum.last = one.last;
  }
  codec::JsonWriter w;
  w.begin_object().key("scope_id").string(scope.id).key("tenant_id").null();
  w.key("released").integer(sum.released).key("returned").integer(sum.returned).key("viewed").integer(sum.viewed);
  w.key("events").integer(scope.events);
  write_time(w, "first_read", sum.first);
  write_time(w, "last_read", sum.last);
  w.key("tenants").integer(static_cast<std::uint64_t>(scope.tenants.size()));
  w.key("changes").integer(static_cast<std::uint64_t>(scope.changes.size())).key("descendants").begin_array();
  for (const store::Grant& grant : scope.descendants) w.string(grant.id);
  return w.end_array().end_object().take();
}

Result<void> print(const Call& call, const flow::Scope& scope) {
  for (const flow::ExposedTenant& one : scope.tenants) {
    if (!call.row(tenant_row(scope, one))) return {};
  }
  call.row(summary_row(scope));
  return {};
}

Result<void> make(const Call& call) {
  const flow::ScopeQuery query = TRY(query_of(call));
  const bool with_users = TRY(call.args.flag("users"));
  flow::Scope scope = TRY(flow::find_scope(call.by.ports, query));
  if (with_users) {
    for (flow::ExposedTenant& one : scope.tenants) one.distinct = TRY(flow::distinct_of(call.by, scope, one));
  }
  TRY(flow::keep_scope(call.by, scope));
  return print(call, scope);
}

Result<void> show(const Call& call) {
  const std::string id = TRY(call.args.text("scope"));
  const flow::Scope scope = TRY(flow::kept_scope(call.by.ports, id));
  return print(call, scope);
}

Result<void> changes(const Call& call) {
  const std::string id = TRY(call.args.text("scope"));
  const flow::Scope scope = TRY(flow::kept_scope(call.by.ports, id));
  for (const flow::ScopeChange& change : scope.changes) {
    codec::JsonWriter w;
    w.begin_object();
    write_time(w, "at", change.at);
    w.key("change").string(change.object).key("tree").string(change.tree).key("number").integer(change.seq);
    if (!call.row(w.end_object().take())) break;
  }
  return {};
}

Result<void> list(const Call& call) {
  for (const store::StoredScope& scope : TRY(flow::kept_scopes(call.by.ports))) {
    codec::JsonWriter w;
    w.begin_object().key("scope_id").string(scope.id);
    write_time(w, "made", scope.made);
    w.key("query").raw(scope.query);
    if (!call.row(w.end_object().take())) break;
  }
  return {};
}

constexpr Argument kScope{"scope", Shape::positional, Need::required, "The scope's id"};

}  // namespace

std::vector<Command> scope_commands() {
  return {
      {.words = "incident scope",
       .touch = kChanges,
       .meaning = "Say what somebody got hold of, tenant by tenant, and keep the answer",
       .arguments = {{"credential", Shape::option, Need::optional, "A credential, as the ledger names it"},
                     {"session", Shape::option, Need::optional, "A session"},
                     {"app", Shape::option, Need::optional, "An application, by its integration key"},
                     {"ip", Shape::option, Need::optional, "An address"},
                     {"supplier", Shape::option, Need::optional, "A supplier of messages"},
                     {"from", Shape::option, Need::required, "From when on"},
                     {"to", Shape::option, Need::required, "Until when"},
                     {"refs", Shape::list, Need::optional, "With --supplier: a file of stolen references"},
                     {"users", Shape::flag, Need::optional, "Also count users and numbers; that reading is recorded"}},
       .rows = Rows::many,
       .run = make},
      {.words = "incident scopes",
       .touch = kLists,
       .meaning = "Show the scopes that are kept",
       .arguments = {},
       .rows = Rows::many,
       .run = list},
      {.words = "incident rescope",
       .touch = kLists,
       .meaning = "Show a kept scope again",
       .arguments = {kScope},
       .rows = Rows::many,
       .run = show},
      {.words = "incident changes",
       .touch = kLists,
       .meaning = "Show what was changed by what a scope is of",
       .arguments = {kScope},
       .rows = Rows::many,
       .run = changes},
  };
}

}  // namespace countersign::control
