#include <chrono>

#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/administer_factors.h"
#include "flow/administer_protection.h"
#include "flow/administer_users.h"

namespace countersign::control {
namespace {

constexpr Argument kWhich{"user", Shape::positional, Need::required, "The user's id, or the username with --tenant"};
constexpr Argument kEmail{"email", Shape::option, Need::optional, "An email address"};
constexpr Argument kRealname{"realname", Shape::option, Need::optional, "The name people know"};
constexpr Argument kStatus{"status", Shape::option, Need::optional,
                           "active, bypass (allowed without factors) or disabled"};

Result<std::optional<UserStatus>> maybe_status(const Call& call) {
  const std::optional<std::string> text = TRY(call.args.maybe("status"));
  if (!text) return std::optional<UserStatus>();
  const std::optional<UserStatus> status = user_status(*text);
  if (!status) return Error{Errc::malformed, "status: must be active, bypass or disabled"};
  return status;
}

Result<User> the_user(const Call& call) {
  const std::string given = TRY(call.args.text("user"));
  const std::optional<TenantId> tenant = TRY(maybe_tenant(call));
  return flow::find_user(call.by.ports, tenant, given);
}

Result<void> create(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  flow::UserDraft draft;
  draft.tenant = tenant.id;
  draft.username = TRY(call.args.text("username"));
  draft.email = TRY(call.args.text_or("email", ""));
  draft.realname = TRY(call.args.text_or("realname", ""));
  draft.status = TRY(maybe_status(call)).value_or(UserStatus::active);
  call.row(object(TRY(flow::create_user(call.by, std::move(draft)))));
  return {};
}

Result<void> list(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  return flow::each_user(call.by.ports, tenant.id, [&](const User& user) { return call.row(object(user)); });
}

Result<void> show(const Call& call) {
  const User user = TRY(the_user(call));
  const flow::Belongings has = TRY(flow::belongings_of(call.by.ports, user));
  const store::Protection protection = TRY(flow::protection_of(call.by.ports, user));
  codec::JsonWriter w;
  w.begin_object();
  write(w, user);
  write_time(w, "protected_since", protection.since);
  write_time(w, "passkey_shown", protection.passkey_shown);
  w.key("tenant_id").string(user.tenant.text()).key("groups").begin_array();
  for (const Group& group : has.groups) w.raw(object(group));
  w.end_array().key("phones").begin_array();
  for (const Phone& phone : has.phones) w.raw(object(phone));
  w.end_array().key("tokens").begin_array();
  bool bypass = false;
  for (const Enrolment& enrolment : has.enrolments) {
    bypass = bypass || enrolment.kind == factor::bypass::kKind.name;
    if (!flow::is_token(enrolment)) continue;
    w.begin_object();
    write_token(w, enrolment);
    w.end_object();
  }
  w.end_array().key("bypass_codes").boolean(bypass).end_object();
  call.row(w.take());
  return {};
}

Result<void> update(const Call& call) {
  flow::UserChange change;
  change.username = TRY(call.args.maybe("username"));
  change.email = TRY(call.args.maybe("email"));
  change.realname = TRY(call.args.maybe("realname"));
  change.status = TRY(maybe_status(call));
  const User user = TRY(the_user(call));
  call.row(object(TRY(flow::change_user(call.by, user, std::move(change)))));
  return {};
}

Result<void> unlock(const Call& call) {
  User user = TRY(the_user(call));
  TRY(flow::unlock_user(call.by, user));
  user.failures = Failures();
  call.row(object(user));
  return {};
}

Result<void> unprotect(const Call& call) {
  const std::optional<std::string> reason = TRY(call.args.maybe("without-passkey"));
  if (reason && reason->empty()) return Error{Errc::malformed, "without-passkey: say why"};
  const User user = TRY(the_user(call));
  TRY(flow::unprotect_user(call.by, user, reason.value_or("")));
  call.row(object(user));
  return {};
}

Result<void> remove(const Call& call) {
  const User user = TRY(the_user(call));
  TRY(flow::delete_user(call.by, user));
  call.row(object(user));
  return {};
}

std::string text_of_column(const codec::Json& line, std::string_view column) {
  const codec::Json* value = line.find(column);
  if (value == nullptr) return {};
  const auto text = value->as_string();
  return text ? std::string(*text) : std::string();
}

// A batch of lines: [{"line": 2, "username": "…", …}, …]. Answers how many were made, and a row for each left out.
Result<void> import(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const codec::Json& lines = *TRY(call.args.json().need("lines"));
  std::vector<flow::UserLine> users;
  std::vector<std::int64_t> numbers;
  for (const codec::Json& line : lines.items()) {
    const codec::Json& number = *TRY(line.need("line"));
    numbers.push_back(TRY(number.as_int()));
    flow::UserLine& user = users.emplace_back();
    user.username = text_of_column(line, "username");
    user.email = text_of_column(line, "email");
    user.realname = text_of_column(line, "realname");
    user.phone = text_of_column(line, "phone");
    user.totp_secret = Secret(text_of_column(line, "totp_secret"));
  }
  const auto outcome = TRY(flow::import_users(call.by, tenant, users));
  std::int64_t made = 0;
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    if (!outcome[i]) {
      ++made;
      continue;
    }
    codec::JsonWriter w;
    w.begin_object().key("line").integer(numbers[i]).key("code").string(name(outcome[i]->code));
    w.key("why").string(outcome[i]->what).end_object();
    call.row(w.take());
  }
  codec::JsonWriter w;
  w.begin_object().key("made").integer(made).end_object();
  call.row(w.take());
  return {};
}

}  // namespace

std::vector<Command> user_commands() {
  return {
      {.words = "user create", .touch = kChanges,
       .meaning = "Make a user",
       .arguments = {{"username", Shape::positional, Need::required, "The name at sign-in; case does not count"},
                     kTenant, kEmail, kRealname, kStatus},
       .run = create},
      {.words = "user import", .touch = kChanges,
       .meaning = "Make many users from CSV with a first line that names the columns: "
                  "username,email,realname,phone,totp_secret; bad lines are reported by number and left out",
       .arguments = {{"file", Shape::positional, Need::required, "The file, or - for standard input"}, kTenant},
       .rows = Rows::many,
       .run = import},
      {.words = "user list", .touch = kLists,
       .meaning = "Show the users of a tenant", .arguments = {kTenant}, .rows = Rows::many,
       .run = list},
      {.words = "user show", .touch = kLists, .meaning = "Show a user with groups, phones and tokens",
       .arguments = {kWhich, kWithinTenant}, .run = show},
      {.words = "user update", .touch = kChanges,
       .meaning = "Change a user",
       .arguments = {kWhich, kWithinTenant, {"username", Shape::option, Need::optional, "A new username"}, kEmail,
                     kRealname, kStatus},
       .run = update},
      {.words = "user unlock", .touch = kChanges, .meaning = "Lift the lock that too many failures set",
       .arguments = {kWhich, kWithinTenant}, .run = unlock},
      {.words = "user unprotect", .touch = kChanges,
       .meaning = "Lift the protection that \"not me\" set; the owner has shown a passkey since, within 24 hours",
       .arguments = {kWhich, kWithinTenant,
                     {"without-passkey", Shape::option, Need::optional,
                      "Why it is lifted although no passkey was shown; this stands in the activity log"}},
       .run = unprotect},
      {.words = "user delete", .touch = kChanges,
       .meaning = "Delete a user with phones, tokens and codes; the log stays",
       .arguments = {kWhich, kWithinTenant}, .run = remove},
  };
}

}  // namespace countersign::control
