// How long history can be opened, and its end before that (docs/operating/retention.md).
#include <charconv>

#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/retention.h"

namespace countersign::control {
namespace {

constexpr std::string_view kDefault = "default";

Result<void> show(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const flow::Retention retention = TRY(flow::retention_of(call.by.ports, tenant.id));
  codec::JsonWriter w;
  w.begin_object().key("tenant_id").string(tenant.id.text());
  w.key("days").integer(retention.days_that_hold);
  w.key("set_by").string(retention.days ? "tenant" : "server");
  w.key("months").begin_array();
  for (const std::string& month : retention.months) w.string(month);
  call.row(w.end_array().end_object().take());
  return {};
}

Result<void> set(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const std::string text = TRY(call.args.text("days"));
  std::optional<int> days;
  if (text != kDefault) {
    const char* const end = text.data() + text.size();
    if (text.empty() || std::from_chars(text.data(), end, days.emplace()).ptr != end) {
      return Error{Errc::malformed, "days: must be a number of days, or default for the server's"};
    }
  }
  TRY(flow::set_retention(call.by, tenant, days));
  return show(call);
}

Result<void> shred(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const std::string month = TRY(call.args.text("month"));
  const flow::ShredReceipt receipt = TRY(flow::shred_month(call.by, tenant.id, month));
  codec::JsonWriter w;
  w.begin_object().key("month").string(receipt.month).key("rows").integer(receipt.rows);
  w.key("receipt").string(receipt.note);
  w.key("next").string(
      "destroy the copies of the keyring that are older than this, and their key: the month would come back with them");
  call.row(w.end_object().take());
  return {};
}

}  // namespace

std::vector<Command> retention_commands() {
  return {
      {.words = "retention show", .touch = kLists,
       .meaning = "How long a tenant's history can be opened, and its months",
       .arguments = {kTenant},
       .run = show},
      {.words = "retention set", .touch = kChanges, .meaning = "Set how long a tenant's history can be opened",
       .arguments = {kTenant,
                     {"days", Shape::positional, Need::required, "Days, 1 to 3650, or `default` for the server's"}},
       .run = set},
      {.words = "retention shred", .touch = kChanges,
       .meaning = "Destroy the key of a month's history, for good, then its rows; print a signed receipt",
       .arguments = {kTenant, {"month", Shape::option, Need::required, "The month, as 2026-03; it must be over"}},
       .run = shred},
  };
}

}  // namespace countersign::control
