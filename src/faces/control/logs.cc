#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/read_history.h"

namespace countersign::control {
namespace {

Result<void> stream(const Call& call, store::Stream which) {
  const Tenant tenant = TRY(the_tenant(call));
  flow::HistoryQuery query{.tenant = tenant.id, .stream = which};
  if (const auto from = TRY(call.args.maybe("from"))) query.from = TRY(parse_time(*from));
  if (const auto to = TRY(call.args.maybe("to"))) query.to = TRY(parse_time(*to));
  flow::Reader reader{flow::ledger_actor(call.by.actor), TRY(call.args.text_or("purpose", "command line"))};
  reader.case_reference = TRY(call.args.text_or("case", ""));
  return flow::read_history(call.by.ports, reader, query,
                            [&](const flow::OpenedEvent& event) { return call.row(flow::log_json_of(event)); });
}

Result<void> auth(const Call& call) { return stream(call, store::Stream::authentication); }
Result<void> activity(const Call& call) { return stream(call, store::Stream::activity); }
Result<void> telephony(const Call& call) { return stream(call, store::Stream::telephony); }

}  // namespace

std::vector<Command> log_commands() {
  const std::vector<Argument> arguments = {
      kTenant,
      {"from", Shape::option, Need::optional, "The first moment, as 2026-01-02T03:04:05Z or seconds since 1970"},
      {"to", Shape::option, Need::optional, "The first moment that no longer counts"},
      {"purpose", Shape::option, Need::optional, "Why you read; it stands in the tenant's ledger"},
      {"case", Shape::option, Need::optional, "The ticket that you read for; it stands there too"}};
  return {
      {.words = "log auth", .touch = kReads, .meaning = "Print authentications, oldest first, one JSON object a line",
       .arguments = arguments, .rows = Rows::raw, .run = auth},
      {.words = "log activity", .touch = kReads,
       .meaning = "Print administrators' and the system's changes, oldest first",
       .arguments = arguments, .rows = Rows::raw, .run = activity},
      {.words = "log telephony", .touch = kReads,
       .meaning = "Print calls and text messages, oldest first", .arguments = arguments,
       .rows = Rows::raw, .run = telephony},
  };
}

}  // namespace countersign::control
