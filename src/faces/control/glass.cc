// Break glass (docs/operating/guards.md).
#include <limits>

#include "core/codec/share_text.h"
#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/break_glass.h"

namespace countersign::control {
namespace {

constexpr Argument kNumber{"number", Shape::positional, Need::required, "Which time it was open: 1, 2, …"};

void write(codec::JsonWriter& to, const store::GlassOpening& opening) {
  to.key("glass").integer(opening.number).key("credential").string(opening.credential);
  to.key("reason").string(opening.reason).key("case").string(opening.case_reference);
  write_time(to, "opened", opening.opened);
  write_time(to, "closes", opening.closes);
  write_time(to, "closed", opening.closed);
  to.key("lifted").boolean(flow::is_lift(opening));
}

std::string row_of(const store::GlassOpening& opening) {
  codec::JsonWriter w;
  w.begin_object();
  write(w, opening);
  return w.end_object().take();
}

Result<void> seal(const Call& call) {
  const flow::SealedGlass sealed = TRY(flow::seal_glass(call.by));
  codec::JsonWriter w;
  w.begin_object().key("shares").begin_array();
  for (const crypto::Share& share : sealed.shares) w.string(codec::share_to_text(share).reveal());
  w.end_array();
  write_time(w, "opens_from", sealed.from);
  call.row(w.end_object().take());
  return {};
}

// A share that is no share at all is as wrong as another one: a try, and in the ledger.
Result<flow::GlassRequest> request_of(const Call& call) {
  flow::GlassRequest request;
  request.reason = TRY(call.args.text("reason"));
  request.case_reference = TRY(call.args.text("case"));
  for (const std::string& text : TRY(call.args.rest("shares"))) {
    Result<crypto::Share> share = codec::share_from_text(Secret(text));
    if (share) request.shares.push_back(*std::move(share));
  }
  return request;
}

Result<void> open(const Call& call) {
  const flow::GlassRequest request = TRY(request_of(call));
  call.row(row_of(TRY(flow::open_glass(call.by, request))));
  return {};
}

Result<void> lift(const Call& call) {
  const flow::GlassRequest request = TRY(request_of(call));
  call.row(row_of(TRY(flow::lift_kill(call.by, request))));
  return {};
}

Result<void> close(const Call& call) {
  call.row(row_of(TRY(flow::shut_glass(call.by))));
  return {};
}

Result<void> status(const Call& call) {
  const flow::GlassStatus status = TRY(flow::glass_status(call.by.ports));
  codec::JsonWriter w;
  w.begin_object();
  write_time(w, "sealed", status.sealed);
  write_time(w, "next_seal", status.next_seal);
  w.key("openings").integer(status.openings).key("open").boolean(status.open.has_value());
  if (status.open) write(w, *status.open);
  call.row(w.end_object().take());
  return {};
}

Result<void> report(const Call& call) {
  const auto number = TRY(call.args.maybe_number("number", {1, std::numeric_limits<std::int64_t>::max()}));
  if (!number) return Error{Errc::malformed, "number: which time it was open is missing"};
  const flow::GlassReport report = TRY(flow::glass_report(call.by.ports, *number));
  std::uint64_t events = 0, rows = 0;
  for (const flow::GlassReads& reads : report.tenants) {
    codec::JsonWriter w;
    w.begin_object().key("tenant_id").string(reads.tenant.text()).key("events").integer(reads.events);
    w.key("rows").integer(reads.rows);
    write_time(w, "first_read", reads.first);
    write_time(w, "last_read", reads.last);
    if (!call.row(w.end_object().take())) return {};
    events += reads.events;
    rows += reads.rows;
  }
  codec::JsonWriter w;
  w.begin_object().key("tenant_id").null();
  write(w, report.opening);
  w.key("tenants").integer(static_cast<std::uint64_t>(report.tenants.size())).key("events").integer(events);
  w.key("rows").integer(rows);
  call.row(w.end_object().take());
  return {};
}

}  // namespace

std::vector<Command> glass_commands() {
  return {
      {.words = "glass seal", .touch = kChanges,
       .meaning = "Make a key for emergencies and print its three shares, of which two open; once",
       .arguments = {}, .rows = Rows::one, .run = seal},
      {.words = "glass open", .touch = kChanges,
       .meaning = "Lift your budgets of reading for an hour; asks for two shares",
       .arguments = {{"reason", Shape::option, Need::required, "Why; every tenant that you read is told"},
                     {"case", Shape::option, Need::required, "The ticket"}},
       .rows = Rows::one, .run = open},
      {.words = kOfTheKilled, .touch = kChanges,
       .meaning = "Bring back your account that was killed; asks for two shares",
       .arguments = {{"reason", Shape::option, Need::required, "Why"},
                     {"case", Shape::option, Need::required, "The ticket"}},
       .rows = Rows::one, .run = lift},
      {.words = "glass close", .touch = kChanges, .meaning = "End it before its hour is over",
       .arguments = {}, .rows = Rows::one, .run = close},
      {.words = "glass status", .touch = kLists, .meaning = "Whether there is a seal, and whether it is open",
       .arguments = {}, .rows = Rows::one, .run = status},
      {.words = "glass report", .touch = kLists, .meaning = "What was read while it was open, tenant by tenant",
       .arguments = {kNumber}, .rows = Rows::many, .run = report},
  };
}

}  // namespace countersign::control
