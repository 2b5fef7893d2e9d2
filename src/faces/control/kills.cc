// The kill switch.
#include "faces/control/breach.h"
#include "faces/control/rows.h"
#include "flow/kill.h"

namespace countersign::control {
namespace {

struct Way {
  std::string_view name;
  flow::KillBy by;
};
constexpr Way kWays[] = {{"credential", flow::KillBy::credential},
                         {"session", flow::KillBy::session},
                         {"app", flow::KillBy::app},
                         {"signer", flow::KillBy::signer}};

Result<flow::KillQuery> query_of(const Call& call) {
  flow::KillQuery out;
  int ways = 0;
  for (const Way& way : kWays) {
    const auto value = TRY(call.args.maybe(way.name));
    if (!value) continue;
    ++ways;
    out.by = way.by;
    out.value = *value;
  }
  if (ways != 1) return Error{Errc::malformed, "name one of --credential, --session, --app and --signer"};
  if (TRY(call.args.flag("tree"))) out.tree = flow::Tree::yes;
  const auto since = TRY(call.args.maybe("since"));
  if (since && out.tree == flow::Tree::no) return Error{Errc::malformed, "since: goes with --tree"};
  if (since) out.since = TRY(parse_time(*since));
  out.tenant = TRY(maybe_tenant(call));
  out.reason = TRY(call.args.text_or("reason", ""));
  return out;
}

Result<void> run_kill(const Call& call) {
  const flow::KillQuery query = TRY(query_of(call));
  for (const flow::Killed& one : TRY(flow::kill(call.by, query))) {
    codec::JsonWriter w;
    w.begin_object().key("id").string(one.id).key("kind").string(one.kind).key("tenant_id");
    one.tenant.empty() ? w.null() : w.string(one.tenant.text());
    w.key("was_dead").boolean(one.already);
    if (!call.row(w.end_object().take())) break;
  }
  return {};
}

}  // namespace

std::vector<Command> kill_commands() {
  return {
      {.words = "kill",
       .touch = kChanges,
       .meaning = "End a credential at once, on every node",
       .arguments = {{"credential", Shape::option, Need::optional, "A credential, as the ledger names it"},
                     {"session", Shape::option, Need::optional, "A session"},
                     {"app", Shape::option, Need::optional, "An application, by its integration key"},
                     {"signer", Shape::option, Need::optional, "Somebody who signs"},
                     {"tree", Shape::flag, Need::optional, "With everything that descends from it"},
                     {"since", Shape::option, Need::optional, "With --tree: only what was made since then"},
                     kWithinTenant,
                     {"reason", Shape::option, Need::optional, "Why; for the ledger"}},
       .rows = Rows::many,
       .run = run_kill},
  };
}

}  // namespace countersign::control
