// Many users at once: everything is made and sealed first, then written in one transaction.
#include "core/base/phone_number.h"
#include "core/codec/base32.h"
#include "core/codec/json_write.h"
#include "core/factor/totp.h"
#include "flow/administer_users.h"
#include "flow/sign_in.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

struct Made {
  User user;
  std::string canonical;
  std::optional<Phone> phone;
  std::optional<Enrolment> token;
  store::HistoryRow row;
};

Result<Phone> phone_of(const Ports& ports, const User& user, const std::string& text) {
  const PhoneNumber number = TRY(PhoneNumber::parse(text));
  Phone phone;
  phone.tenant = user.tenant;
  phone.id = PhoneId::make(ports.random);
  phone.user = user.id;
  phone.platform = "Generic Smartphone";
  phone.masked = number.masked();
  phone.created = user.created;
  phone.sealed_number =
      TRY(ports.keys.seal({.tenant = phone.tenant, .table = "phones", .column = "number", .row = phone.id.text()},
                          Secret(number.reveal())));
  return phone;
}

Result<Enrolment> token_of(const Ports& ports, const User& user, const Secret& base32) {
  const Secret secret = TRY(codec::secret_from_base32(base32.reveal()));
  Enrolment token;
  token.tenant = user.tenant;
  token.id = EnrolmentId::make(ports.random);
  token.user = user.id;
  token.kind = factor::totp::kKind.name;
  token.created = user.created;
  const Secret state(ByteView(TRY(factor::totp::enrol(secret, factor::totp::Parameters()))));
  token.sealed_state = TRY(ports.keys.seal(
      {.tenant = token.tenant, .table = "enrolments", .column = "state", .row = token.id.text()}, state));
  return token;
}

Result<store::HistoryRow> event_row(const Administration& by, const User& user) {
  record::ActivityEvent event;
  event.id = EventId::make(by.ports.random);
  event.tenant = user.tenant;
  event.at = user.created;
  event.action = "user_create";
  codec::JsonWriter w;
  w.begin_object().key("username").string(user.username).key("email").string(user.email);
  w.key("realname").string(user.realname).key("import").boolean(true).end_object();
  event.details = w.take();
  event.actor_type = by.actor.type;
  event.actor_key = by.actor.key;
  event.actor_name = by.actor.name;
  event.target_type = "user";
  event.target_key = user.id.text();
  event.target_name = user.username;
  return seal_event(by.ports, event);
}

Result<Made> make(const Administration& by, const TenantId& tenant, const UserLine& line) {
  Made out;
  out.canonical = TRY(canonical_username(line.username));
  TRY(check_name(line.username, "a username"));
  if (!line.email.empty()) TRY(check_name(line.email, "an email address"));
  if (!line.realname.empty()) TRY(check_name(line.realname, "a real name"));
  User& user = out.user;
  user.tenant = tenant;
  user.id = UserId::make(by.ports.random);
  user.username = line.username;
  user.email = line.email;
  user.realname = line.realname;
  user.created = by.ports.clock.now();
  if (!line.phone.empty()) out.phone = TRY(phone_of(by.ports, user, line.phone));
  if (!line.totp_secret.empty()) out.token = TRY(token_of(by.ports, user, line.totp_secret));
  out.row = TRY(event_row(by, user));
  return out;
}

// False: the username exists already; nothing was written then.
Result<bool> insert(store::Txn& txn, const Made& made) {
  if (TRY(store::user_by_name(txn, made.user.tenant, made.canonical))) return false;
  TRY(store::insert_user(txn, made.user));
  if (made.phone) TRY(store::insert_phone(txn, *made.phone));
  if (made.token) TRY(store::insert_enrolment(txn, *made.token));
  TRY(store::append_history(txn, made.row));
  return true;
}

}  // namespace

Result<std::vector<std::optional<Error>>> import_users(const Administration& by, const Tenant& tenant,
                                                       const std::vector<UserLine>& lines) {
  if (lines.size() > kImportBatchMax) return Error{Errc::exhausted, "at most 1000 users in one batch"};
  std::vector<std::optional<Error>> out(lines.size());
  std::vector<std::pair<std::size_t, Made>> made;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Result<Made> one = make(by, tenant.id, lines[i]);
    if (one) {
      made.emplace_back(i, *std::move(one));
    } else if (one.error().code == Errc::unavailable) {
      return one.error();
    } else {
      out[i] = one.error();
    }
  }
  const Result<std::vector<std::size_t>> taken =
      store::write_and_wait(by.ports.store, [&](store::Txn& txn) -> Result<std::vector<std::size_t>> {
        std::vector<std::size_t> there;
        for (const auto& [i, user] : made) {
          if (!TRY(insert(txn, user))) there.push_back(i);
        }
        return there;
      });
  if (!taken) return taken.error();
  for (const std::size_t i : *taken) out[i] = Error{Errc::conflict, "this username exists already in the tenant"};
  return out;
}

}  // namespace countersign::flow
