// Telling those whose records were exposed, and whether a notice is real.
#include "flow/breach_notices.h"
#include "faces/control/breach.h"
#include "faces/control/letters.h"
#include "faces/control/rows.h"

namespace countersign::control {
namespace {

void write(codec::JsonWriter& w, const store::BreachNotice& notice) {
  w.key("notice_id").string(notice.id).key("tenant_id").string(notice.tenant.text()).key("user_id");
  notice.user.empty() ? w.null() : w.string(notice.user.text());
  write_time(w, "prepared", notice.prepared);
  write_time(w, "delivered", notice.delivered);
  write_time(w, "opened", notice.opened);
  write_time(w, "acknowledged", notice.acknowledged);
}

// As people type it; and no mail reader makes a link of it.
std::string web_address(std::string_view url) {
  if (url.starts_with("https://")) url.remove_prefix(8);
  return std::string(url);
}

// The code of an administrator's notice that no mail takes there is shown here and never again.
Result<void> notify(const Call& call) {
  flow::NoticesQuery query;
  query.scope = TRY(call.args.text("scope"));
  query.tenant = TRY(maybe_tenant(call));
  const std::string page = web_address(call.by.ports.settings.public_url) + "/notice";
  return flow::notify(
      call.by, query,
      {[&](const flow::BundleFacts& facts, const User* to, const std::string& code) {
         return write_notice(facts, to, {code, page});
       },
       [&](const flow::PreparedNotice& one) {
         codec::JsonWriter w;
         w.begin_object();
         write(w, one.notice);
         w.key("in_app").boolean(one.in_app).key("by_mail").boolean(one.by_mail).key("code");
         one.code.empty() ? w.null() : w.string(one.code.reveal());
         w.key("by_other_means");
         one.not_mailed.empty() ? w.null() : w.string(one.not_mailed);
         call.row(w.end_object().take());
       },
       [&](const flow::NoticedTenant& tenant) {
        if (tenant.users_unknown.empty()) return;
        codec::JsonWriter w;
        w.begin_object().key("notice_id").null().key("tenant_id").string(tenant.tenant.text());
        call.row(w.key("users_not_told").string(tenant.users_unknown).end_object().take());
      }});
}

Result<void> list(const Call& call) {
  const std::string scope = TRY(call.args.text("scope"));
  return flow::each_notice(call.by.ports, scope, [&](const store::BreachNotice& one) {
    codec::JsonWriter w;
    w.begin_object();
    write(w, one);
    return call.row(w.end_object().take());
  });
}

Result<void> check(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const std::string code = TRY(call.args.text("code"));
  auto found = TRY(flow::notice_of_code(call.by.ports, code));
  if (found && found->tenant != tenant.id) found.reset();
  codec::JsonWriter w;
  w.begin_object().key("real").boolean(found.has_value());
  if (found) write(w, *found);
  call.row(w.end_object().take());
  return {};
}

}  // namespace

std::vector<Command> notice_commands() {
  return {
      {.words = "incident notify",
       .touch = kChanges,
       .meaning = "Tell the exposed users on their authenticators and by mail, and the tenants' administrators",
       .arguments = {{"scope", Shape::option, Need::required, "The scope's id"}, kWithinTenant},
       .rows = Rows::many,
       .run = notify},
      {.words = "incident notices",
       .touch = kLists,
       .meaning = "Show who was told, and how far that has come",
       .arguments = {{"scope", Shape::positional, Need::required, "The scope's id"}},
       .rows = Rows::many,
       .run = list},
      {.words = "incident check-notice",
       .touch = kLists,
       .meaning = "Say whether a notice that somebody holds is real, by its code",
       .arguments = {{"code", Shape::positional, Need::required, "The code in it"}, kTenant},
       .run = check},
  };
}

}  // namespace countersign::control
