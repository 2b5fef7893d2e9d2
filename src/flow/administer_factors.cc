#include "flow/administer_factors.h"

#include <future>

#include "core/base/phone_number.h"
#include "core/codec/base32.h"
#include "core/codec/json_write.h"
#include "core/codec/percent.h"
#include "core/factor/hotp.h"
#include "core/factor/totp.h"
#include "flow/lineage.h"
#include "flow/notices.h"
#include "flow/subscribe.h"
#include "store/owners.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

constexpr std::size_t kSecretBytes = 20;         // RFC 4226 §4 R6 recommends 160 bits
constexpr std::int64_t kValidMax_s = 315'360'000;  // ten years
constexpr int kReuseMax = 1'000'000;

keys::Place state_place(const Enrolment& enrolment) {
  return {.tenant = enrolment.tenant, .table = "enrolments", .column = "state", .row = enrolment.id.text()};
}

Change factor_change(const User& user, std::string action, std::string details) {
  return {.tenant = user.tenant, .action = std::move(action), .target_type = "user", .target_key = user.id.text(),
          .target_name = user.username, .details = std::move(details)};
}

// A change of factors, and what the user's authenticators are told of it.
struct Told {
  Change change;
  NoticeDraft notice;
};

Result<void> commit_told(const Administration& by, const User& user, const Told& told,
                         const std::function<Result<void>(store::Txn&)>& flow) {
  const store::StoredNotice notice = TRY(seal_notice(by.ports, user, told.notice));
  TRY(commit(by, told.change, [&](store::Txn& txn) -> Result<void> {
    TRY(flow(txn));
    return note(by.ports, txn, notice);
  }));
  by.ports.wake(kOutboxKey);
  return {};
}

std::string one(std::string_view key, std::string_view value) {
  codec::JsonWriter w;
  w.begin_object().key(key).string(value).end_object();
  return w.take();
}

Enrolment new_enrolment(const Administration& by, const User& user, std::string_view kind) {
  Enrolment out;
  out.tenant = user.tenant;
  out.id = EnrolmentId::make(by.ports.random);
  out.user = user.id;
  out.kind = kind;
  out.created = by.ports.clock.now();
  return out;
}

std::string_view otpauth_hash(crypto::HashKind hash) {
  switch (hash) {
    case crypto::HashKind::sha1: return "SHA1";
    case crypto::HashKind::sha256: return "SHA256";
    case crypto::HashKind::sha512: return "SHA512";
  }
  std::abort();
}

// otpauth://totp/ISSUER:USER?secret=…, the form that authenticator apps read from a QR code.
Secret otpauth(const Tenant& tenant, const User& user, const TokenDraft& draft, const Secret& secret_base32) {
  const std::string issuer = codec::percent_encode(tenant.name);
  std::string out = draft.kind == TokenKind::totp ? "otpauth://totp/" : "otpauth://hotp/";
  out += issuer + ":" + codec::percent_encode(user.username) + "?secret=";
  out += secret_base32.reveal();
  out += "&issuer=" + issuer + "&algorithm=" + std::string(otpauth_hash(draft.hash)) +
         "&digits=" + std::to_string(draft.digits);
  out += draft.kind == TokenKind::totp ? "&period=" + std::to_string(draft.step.count())
                                       : "&counter=" + std::to_string(draft.counter);
  return Secret(std::move(out));
}

Result<Bytes> first_state(const TokenDraft& draft, const Secret& secret) {
  switch (draft.kind) {
    case TokenKind::totp:
      return factor::totp::enrol(secret, {.hash = draft.hash, .digits = draft.digits, .step = draft.step});
    case TokenKind::hotp: return factor::hotp::enrol(secret, draft.digits, draft.counter);
  }
  std::abort();
}

std::string_view kind_name(TokenKind kind) {
  return kind == TokenKind::totp ? factor::totp::kKind.name : factor::hotp::kKind.name;
}

Result<User> owner_of(const Ports& ports, const TenantId& tenant, const UserId& id) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<User> {
    std::optional<User> user = TRY(store::user_by_id(txn, tenant, id));
    if (!user) return Error{Errc::not_found, "the user is gone"};
    return *std::move(user);
  });
}

}  // namespace

Result<Phone> create_phone(const Administration& by, const User& user, const PhoneDraft& draft) {
  if (!draft.name.empty()) TRY(check_name(draft.name, "a phone's name"));
  TRY(check_name(draft.platform, "a platform"));
  Phone phone;
  phone.tenant = user.tenant;
  phone.id = PhoneId::make(by.ports.random);
  phone.user = user.id;
  phone.name = draft.name;
  phone.platform = draft.platform;
  phone.created = by.ports.clock.now();
  if (!draft.number.empty()) {
    const PhoneNumber number = TRY(PhoneNumber::parse(draft.number));
    phone.masked = number.masked();
    phone.sealed_number = TRY(by.ports.keys.seal(
        {.tenant = phone.tenant, .table = "phones", .column = "number", .row = phone.id.text()},
        Secret(number.reveal())));
  }
  TRY(commit(by, factor_change(user, "phone_create", one("phone_id", phone.id.text())),
             [&](store::Txn& txn) -> Result<void> {
               TRY(store::insert_phone(txn, phone));
               return note_phone(txn, phone, by.actor.credential);
             }));
  return phone;
}

Result<Phone> find_phone(const Ports& ports, const std::optional<TenantId>& tenant, std::string_view id) {
  const auto parsed = PhoneId::parse(id);
  if (!parsed) return Error{Errc::not_found, "no such phone; `countersign phone list --user U` shows ids"};
  return store::read(ports.store, [&](store::Txn& txn) -> Result<Phone> {
    std::optional<Phone> found = TRY(store::phone_of_device(txn, *parsed));
    if (!found || (tenant && found->tenant != *tenant)) {
      return Error{Errc::not_found, "no such phone; `countersign phone list --user U` shows ids"};
    }
    return *std::move(found);
  });
}

Result<ActivationLink> activate_phone(const Administration& by, const Phone& phone, seconds valid) {
  if (valid.count() < 60 || valid.count() > kValidMax_s) {
    return Error{Errc::malformed, "a link is valid for 60 seconds to ten years"};
  }
  const User user = TRY(owner_of(by.ports, phone.tenant, phone.user));
  std::promise<Result<ActivationLink>> made;
  new_activation(by.ports, phone.tenant, phone.id, valid,
                 [&made](Result<ActivationLink> link) { made.set_value(std::move(link)); });
  ActivationLink link = TRY(made.get_future().get());
  TRY(commit(by, factor_change(user, "phone_activation_code_create", one("phone_id", phone.id.text())),
             [](store::Txn&) -> Result<void> { return {}; }));
  return link;
}

Result<void> delete_phone(const Administration& by, const Phone& phone) {
  const User user = TRY(owner_of(by.ports, phone.tenant, phone.user));
  const Told told{factor_change(user, "phone_delete", one("phone_id", phone.id.text())),
                  {NoticeKind::factor_removed, "An administrator removed one of your phones."}};
  return commit_told(by, user, told, [&](store::Txn& txn) -> Result<void> {
    if (TRY(store::delete_phone(txn, phone.tenant, phone.id))) return {};
    return Error{Errc::not_found, "the phone is gone already"};
  });
}

Result<CreatedToken> create_token(const Administration& by, const User& user, const TokenDraft& draft) {
  if (!draft.serial.empty()) TRY(check_name(draft.serial, "a serial"));
  const Tenant tenant = TRY(find_tenant(by.ports, user.tenant.text()));
  const Secret secret = draft.secret_base32.empty() ? Secret(ByteView(random_bytes(by.ports.random, kSecretBytes)))
                                                    : TRY(codec::secret_from_base32(draft.secret_base32));
  CreatedToken out;
  out.token = new_enrolment(by, user, kind_name(draft.kind));
  out.token.label = draft.serial;
  const Secret state(ByteView(TRY(first_state(draft, secret))));
  out.token.sealed_state = TRY(by.ports.keys.seal(state_place(out.token), state));
  out.secret_base32 = codec::secret_to_base32(secret);
  out.otpauth_uri = otpauth(tenant, user, draft, out.secret_base32);
  const Told told{factor_change(user, "hardtoken_create", one("token_id", out.token.id.text())),
                  {NoticeKind::factor_added, "An administrator gave you a token that makes passcodes."}};
  TRY(commit_told(by, user, told, [&](store::Txn& txn) -> Result<void> {
    TRY(store::insert_enrolment(txn, out.token));
    return note_factor(txn, out.token, by.actor.credential);
  }));
  return out;
}

bool is_token(const Enrolment& enrolment) {
  return enrolment.phone.empty() &&
         (enrolment.kind == factor::totp::kKind.name || enrolment.kind == factor::hotp::kKind.name);
}

Result<Enrolment> find_token(const Ports& ports, const std::optional<TenantId>& tenant, std::string_view id) {
  const Error missing{Errc::not_found, "no such token; `countersign token list --user U` shows ids"};
  const auto parsed = EnrolmentId::parse(id);
  if (!parsed) return missing;
  return store::read(ports.store, [&](store::Txn& txn) -> Result<Enrolment> {
    const std::optional<TenantId> owner = tenant ? tenant : TRY(store::tenant_of(txn, *parsed));
    if (!owner) return missing;
    std::optional<Enrolment> found = TRY(store::enrolment_by_id(txn, *owner, *parsed));
    if (!found || !is_token(*found)) return missing;
    return *std::move(found);
  });
}

Result<void> resync_token(const Administration& by, const Enrolment& token, const Secret& code1, const Secret& code2,
                          const Secret& code3) {
  if (token.kind != factor::hotp::kKind.name) {
    return Error{Errc::malformed, "only counter-based (hotp) tokens lose their place"};
  }
  const User user = TRY(owner_of(by.ports, token.tenant, token.user));
  const Bytes next = TRY(by.ports.keys.resync(token, code1, code2, code3));
  const Instant now = by.ports.clock.now();
  return commit(by, factor_change(user, "hardtoken_resync", one("token_id", token.id.text())),
                [&](store::Txn& txn) -> Result<void> {
                  if (TRY(store::advance_enrolment(txn, token, next, now))) return {};
                  return Error{Errc::conflict, "the token was used at the same time; try again with three new codes"};
                });
}

Result<void> delete_token(const Administration& by, const Enrolment& token) {
  const User user = TRY(owner_of(by.ports, token.tenant, token.user));
  const Told told{factor_change(user, "hardtoken_delete", one("token_id", token.id.text())),
                  {NoticeKind::factor_removed, "An administrator removed your token that makes passcodes."}};
  return commit_told(by, user, told, [&](store::Txn& txn) -> Result<void> {
    if (TRY(store::delete_enrolment(txn, token.tenant, token.id))) return {};
    return Error{Errc::not_found, "the token is gone already"};
  });
}

Result<BypassCodes> issue_bypass(const Administration& by, const User& user, const BypassDraft& draft) {
  if (draft.reuse > kReuseMax) return Error{Errc::malformed, "a code is good for at most 1000000 uses"};
  if (draft.valid && (draft.valid->count() < 1 || draft.valid->count() > kValidMax_s)) {
    return Error{Errc::malformed, "codes are valid for one second to ten years"};
  }
  BypassCodes out;
  if (draft.valid) out.expires = by.ports.clock.now() + *draft.valid;
  factor::bypass::Issued issued = TRY(factor::bypass::issue(
      {.count = draft.count, .reuse = draft.reuse, .expires = out.expires}, by.ports.random));
  Enrolment enrolment = new_enrolment(by, user, factor::bypass::kKind.name);
  enrolment.sealed_state = TRY(by.ports.keys.seal(state_place(enrolment), Secret(ByteView(issued.state))));
  codec::JsonWriter w;
  w.begin_object().key("count").integer(draft.count).key("reuse_count").integer(draft.reuse).end_object();
  const Told told{factor_change(user, "bypass_create", w.take()),
                  {NoticeKind::factor_added, "An administrator made bypass codes for you."}};
  TRY(commit_told(by, user, told, [&](store::Txn& txn) -> Result<void> {
    TRY(store::delete_enrolments(txn, user.tenant, user.id, factor::bypass::kKind.name));
    TRY(store::insert_enrolment(txn, enrolment));
    return note_factor(txn, enrolment, by.actor.credential);
  }));
  out.codes = std::move(issued.codes);
  return out;
}

}  // namespace countersign::flow
