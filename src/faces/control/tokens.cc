#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/administer_factors.h"
#include "flow/administer_users.h"

namespace countersign::control {
namespace {

constexpr std::int64_t kTenYears_s = 315'360'000;
constexpr Argument kToken{"token", Shape::positional, Need::required, "The token's id"};

Result<User> the_owner(const Call& call) {
  const std::string given = TRY(call.args.text("user"));
  const std::optional<TenantId> tenant = TRY(maybe_tenant(call));
  return flow::find_user(call.by.ports, tenant, given);
}

Result<Enrolment> the_token(const Call& call) {
  const std::string given = TRY(call.args.text("token"));
  const std::optional<TenantId> tenant = TRY(maybe_tenant(call));
  return flow::find_token(call.by.ports, tenant, given);
}

Result<crypto::HashKind> the_hash(const Call& call) {
  const std::string text = TRY(call.args.text_or("hash", "sha1"));
  if (text == "sha1") return crypto::HashKind::sha1;
  if (text == "sha256") return crypto::HashKind::sha256;
  if (text == "sha512") return crypto::HashKind::sha512;
  return Error{Errc::malformed, "hash: must be sha1, sha256 or sha512"};
}

Result<flow::TokenDraft> the_draft(const Call& call) {
  flow::TokenDraft draft;
  const std::string type = TRY(call.args.text("type"));
  if (type != "totp" && type != "hotp") return Error{Errc::malformed, "type: must be totp or hotp"};
  draft.kind = type == "totp" ? flow::TokenKind::totp : flow::TokenKind::hotp;
  draft.digits = static_cast<int>(TRY(call.args.maybe_number("digits", {6, 8})).value_or(6));
  draft.step = seconds(TRY(call.args.maybe_number("step", {30, 60})).value_or(30));
  draft.hash = TRY(the_hash(call));
  draft.counter = static_cast<std::uint64_t>(TRY(call.args.maybe_number("counter", {0, INT64_MAX / 2})).value_or(0));
  draft.secret_base32 = TRY(call.args.text_or("secret", ""));
  draft.serial = TRY(call.args.text_or("serial", ""));
  return draft;
}

Result<void> create(const Call& call) {
  const flow::TokenDraft draft = TRY(the_draft(call));
  const User user = TRY(the_owner(call));
  const flow::CreatedToken made = TRY(flow::create_token(call.by, user, draft));
  codec::JsonWriter w;
  w.begin_object();
  write_token(w, made.token);
  w.key("secret").string(made.secret_base32.reveal()).key("otpauth_uri").string(made.otpauth_uri.reveal());
  w.end_object();
  call.row(w.take());
  return {};
}

Result<void> list(const Call& call) {
  const User user = TRY(the_owner(call));
  for (const Enrolment& token : TRY(flow::belongings_of(call.by.ports, user)).enrolments) {
    if (!flow::is_token(token)) continue;
    codec::JsonWriter w;
    w.begin_object();
    write_token(w, token);
    w.end_object();
    if (!call.row(w.take())) break;
  }
  return {};
}

Result<void> answer(const Call& call, const Enrolment& token) {
  codec::JsonWriter w;
  w.begin_object();
  write_token(w, token);
  w.end_object();
  call.row(w.take());
  return {};
}

Result<void> resync(const Call& call) {
  const Secret code1(TRY(call.args.text("code1")));
  const Secret code2(TRY(call.args.text("code2")));
  const Secret code3(TRY(call.args.text("code3")));
  const Enrolment token = TRY(the_token(call));
  TRY(flow::resync_token(call.by, token, code1, code2, code3));
  return answer(call, token);
}

Result<void> remove(const Call& call) {
  const Enrolment token = TRY(the_token(call));
  TRY(flow::delete_token(call.by, token));
  return answer(call, token);
}

Result<void> bypass(const Call& call) {
  flow::BypassDraft draft;
  draft.count = static_cast<int>(TRY(call.args.maybe_number("count", {1, factor::bypass::kCodesMax})).value_or(10));
  draft.reuse = static_cast<int>(TRY(call.args.maybe_number("reuse", {0, 1'000'000})).value_or(1));
  if (const auto valid = TRY(call.args.maybe_number("valid-secs", {1, kTenYears_s}))) draft.valid = seconds(*valid);
  const User user = TRY(the_owner(call));
  const flow::BypassCodes made = TRY(flow::issue_bypass(call.by, user, draft));
  codec::JsonWriter w;
  w.begin_object().key("codes").begin_array();
  for (const std::string& code : made.codes) w.string(code);
  w.end_array();
  write_time(w, "expires", made.expires);
  w.end_object();
  call.row(w.take());
  return {};
}

}  // namespace

std::vector<Command> token_commands() {
  return {
      {.words = "token create", .touch = kChanges,
       .meaning = "Give a user a token; secret and link for an authenticator app are shown once",
       .arguments = {kUser, kWithinTenant,
                     {"type", Shape::option, Need::required, "totp (by time) or hotp (by counter)"},
                     {"digits", Shape::option, Need::optional, "6 or 8"},
                     {"secret", Shape::option, Need::optional, "Keep a secret you have, in base32"},
                     {"step", Shape::option, Need::optional, "Seconds a totp code lasts: 30 or 60"},
                     {"hash", Shape::option, Need::optional, "sha1, sha256 or sha512, for totp"},
                     {"counter", Shape::option, Need::optional, "The next counter, for hotp"},
                     {"serial", Shape::option, Need::optional, "The number printed on it"}},
       .run = create},
      {.words = "token list", .touch = kLists, .meaning = "Show a user's tokens", .arguments = {kUser, kWithinTenant},
       .rows = Rows::many, .run = list},
      {.words = "token resync", .touch = kChanges,
       .meaning = "Find a hotp token's place again from three codes in a row",
       .arguments = {kToken,
                     {"code1", Shape::positional, Need::required, "A code"},
                     {"code2", Shape::positional, Need::required, "The next one"},
                     {"code3", Shape::positional, Need::required, "The one after it"},
                     kWithinTenant},
       .run = resync},
      {.words = "token delete", .touch = kChanges,
       .meaning = "Delete a token", .arguments = {kToken, kWithinTenant}, .run = remove},
      {.words = "bypass create", .touch = kChanges,
       .meaning = "Make bypass codes for a user; they replace the ones there were and are shown once",
       .arguments = {kUser, kWithinTenant,
                     {"count", Shape::option, Need::optional, "How many, 1 to 10 (10)"},
                     {"valid-secs", Shape::option, Need::optional, "How long they work (until used up)"},
                     {"reuse", Shape::option, Need::optional, "Uses of each code, 0 without limit (1)"}},
       .rows = Rows::codes,
       .run = bypass},
  };
}

}  // namespace countersign::control
