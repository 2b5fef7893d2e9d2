#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/read_history.h"

namespace countersign::control {
namespace {

Result<void> stream(const Call& call, store::Stream which) {
  const Tenant tenant = TRY(the_tenant(call));
  flow::HistoryRange range;
  if (const auto from = TRY(call.args.maybe("from"))) range.from = TRY(parse_time(*from));
  if (const auto to = TRY(call.args.maybe("to"))) range.to = TRY(parse_time(*to));
  return flow::read_history(call.by.ports, tenant.id, which, range,
                            [&](Instant, const std::string& json) { return call.row(json); });
}

Result<void> auth(const Call& call) { return stream(call, store::Stream::authentication); }
Result<void> activity(const Call& call) { return stream(call, store::Stream::activity); }
Result<void> telephony(const Call& call) { return stream(call, store::Stream::telephony); }

}  // namespace

std::vector<Command> log_commands() {
  const std::vector<Argument> arguments = {
      kTenant,
      {"from", Shape::option, Need::optional, "The first moment, as 2026-01-02T03:04:05Z or seconds since 1970"},
      {"to", Shape::option, Need::optional, "The first moment that no longer counts"}};
  return {
      {.words = "log auth", .meaning = "Print authentications, oldest first, one JSON object a line",
       .arguments = arguments, .rows = Rows::raw, .run = auth},
      {.words = "log activity", .meaning = "Print administrators' and the system's changes, oldest first",
       .arguments = arguments, .rows = Rows::raw, .run = activity},
      {.words = "log telephony", .meaning = "Print calls and text messages, oldest first", .arguments = arguments,
       .rows = Rows::raw, .run = telephony},
  };
}

}  // namespace countersign::control
