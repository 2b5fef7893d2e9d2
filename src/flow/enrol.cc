#include "flow/enrol.h"

#include <memory>

#include "core/factor/bypass.h"
#include "core/factor/push.h"
#include "core/factor/totp.h"
#include "flow/lineage.h"
#include "flow/notices.h"
#include "flow/stored_attempt.h"
#include "flow/subscribe.h"
#include "store/attempts.h"
#include "store/history.h"
#include "store/tenants.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

inline constexpr std::string_view kActivationPurpose = "activation";
inline constexpr std::size_t kActivationCodeLength = 20;  // of 32 letters: 100 bits
inline constexpr std::size_t kTotpSecretBytes = 20;       // RFC 4226 §4 R6

Result<Bytes> digest_of(const Ports& ports, const Secret& code) {
  return ports.keys.token_digest(kActivationPurpose, code);
}

struct NewActivation {
  ActivationLink link;
  store::Activation row;
};

Result<NewActivation> make_activation(const Ports& ports, const TenantId& tenant, const UserId& user,
                                      const PhoneId& phone, seconds valid) {
  NewActivation out;
  out.link.code = random_text(ports.random, kActivationCodeLength, kIdAlphabet);
  out.link.url = ports.settings.public_url + "/activate/" + out.link.code;
  out.link.expires = ports.clock.now() + valid;
  out.row.tenant = tenant;
  out.row.digest = TRY(digest_of(ports, Secret(out.link.code)));
  out.row.user = user;
  out.row.phone = phone;
  out.row.expires = out.link.expires;
  return out;
}

Phone new_phone(const Ports& ports, const TenantId& tenant, const UserId& user) {
  Phone phone;
  phone.tenant = tenant;
  phone.id = PhoneId::make(ports.random);
  phone.user = user;
  phone.created = ports.clock.now();
  return phone;
}

}  // namespace

Enrolment new_enrolment(const Ports& ports, const TenantId& tenant, const UserId& user, std::string_view kind) {
  Enrolment enrolment;
  enrolment.tenant = tenant;
  enrolment.id = EnrolmentId::make(ports.random);
  enrolment.user = user;
  enrolment.kind = kind;
  enrolment.created = ports.clock.now();
  return enrolment;
}

Result<void> seal_state(const Ports& ports, Enrolment& enrolment, ByteView state) {
  enrolment.sealed_state =
      TRY(ports.keys.seal({enrolment.tenant, "enrolments", "state", enrolment.id.text()}, Secret(state)));
  return {};
}

namespace {

// What enrol_user writes.
struct EnrolPlan {
  AppId app;
  User user;
  Phone phone;
  std::optional<Enrolment> bypass;
  store::Activation activation;
  std::optional<store::HistoryRow> event;
  Enrolled out;
};

Result<EnrolPlan> plan_enrolment(const Ports& ports, const EnrolRequest& request) {
  EnrolPlan plan;
  plan.app = request.app.id;
  plan.user.tenant = request.app.tenant;
  plan.user.id = UserId::make(ports.random);
  plan.user.username =
      request.username.empty() ? "user-" + random_text(ports.random, 12, kIdAlphabet) : request.username;
  TRY(canonical_username(plan.user.username));
  plan.user.created = ports.clock.now();
  plan.phone = new_phone(ports, request.app.tenant, plan.user.id);
  NewActivation activation =
      TRY(make_activation(ports, request.app.tenant, plan.user.id, plan.phone.id, request.valid));
  plan.activation = std::move(activation.row);
  plan.out.user = plan.user.id;
  plan.out.username = plan.user.username;
  plan.out.activation_code = std::move(activation.link.code);
  plan.out.activation_url = std::move(activation.link.url);
  plan.out.expires = activation.link.expires;
  if (request.bypass_codes > 0) {
    factor::bypass::Parameters parameters;
    parameters.count = request.bypass_codes;
    factor::bypass::Issued issued = TRY(factor::bypass::issue(parameters, ports.random));
    plan.bypass = new_enrolment(ports, request.app.tenant, plan.user.id, "bypass");
    TRY(seal_state(ports, *plan.bypass, issued.state));
    plan.out.bypass_codes = std::move(issued.codes);
  }
  record::ActivityEvent event;
  event.id = EventId::make(ports.random);
  event.tenant = request.app.tenant;
  event.at = ports.clock.now();
  event.action = "user_create";
  event.details = "{}";
  event.actor_type = "api";
  event.actor_key = request.app.id.text();
  event.actor_name = request.app.name;
  event.target_type = "user";
  event.target_key = plan.user.id.text();
  event.target_name = plan.user.username;
  plan.event = TRY(seal_event(ports, event));
  return plan;
}

}  // namespace

void enrol_user(const Ports& ports, EnrolRequest request, Done<Enrolled> done) {
  Result<EnrolPlan> made = plan_enrolment(ports, request);
  if (!made) return done(std::move(made).error());
  auto plan = std::make_shared<EnrolPlan>(*std::move(made));  // lives until the commit is durable
  ports.store.write(
      [plan](store::Txn& txn) -> Result<void> {
        TRY(store::insert_user(txn, plan->user));
        TRY(store::insert_phone(txn, plan->phone));
        TRY(note_phone(txn, plan->phone, plan->app.text()));
        if (plan->bypass) TRY(store::insert_enrolment(txn, *plan->bypass));
        if (plan->bypass) TRY(note_factor(txn, *plan->bypass, plan->app.text()));
        TRY(store::insert_activation(txn, plan->activation));
        return store::append_history(txn, *plan->event);
      },
      [plan, done = std::move(done)](Result<void> written) {
        if (!written) return done(std::move(written).error());
        done(std::move(plan->out));
      });
}

Result<EnrolStatus> enrol_status(const Ports& ports, const TenantId& tenant, const UserId& user,
                                 const Secret& activation_code) {
  const Bytes digest = TRY(digest_of(ports, activation_code));
  const auto found =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return store::activation_by_digest(txn, digest); }));
  if (!found || found->tenant != tenant || found->user != user) return EnrolStatus::invalid;
  if (found->used) return EnrolStatus::success;
  return ports.clock.now() < found->expires ? EnrolStatus::waiting : EnrolStatus::invalid;
}

void new_activation(const Ports& ports, const TenantId& tenant, const PhoneId& phone, seconds valid,
                    Done<ActivationLink> done) {
  const auto found = store::read(ports.store, [&](store::Txn& txn) { return store::phone_by_id(txn, tenant, phone); });
  if (!found) return done(found.error());
  if (!*found) return done(Error{Errc::not_found, "no such phone"});
  Result<NewActivation> made = make_activation(ports, tenant, (*found)->user, phone, valid);
  if (!made) return done(std::move(made).error());
  auto activation = std::make_shared<NewActivation>(*std::move(made));  // lives until the commit is durable
  ports.store.write([activation](store::Txn& txn) { return store::insert_activation(txn, activation->row); },
                    [activation, done = std::move(done)](Result<void> written) {
                      if (!written) return done(std::move(written).error());
                      done(std::move(activation->link));
                    });
}

Result<PhoneForActivation> phone_for_activation(const Ports& ports, const User& user, seconds valid) {
  PhoneForActivation out;
  out.phone = new_phone(ports, user.tenant, user.id);
  NewActivation made = TRY(make_activation(ports, user.tenant, user.id, out.phone.id, valid));
  out.code = std::move(made.link.code);
  out.activation = std::move(made.row);
  return out;
}

namespace {

// What an activation binds.
struct Binding {
  store::Activation activation;
  Phone phone;
  Enrolment push;
  Enrolment totp;
  store::StoredNotice notice;
  Activated out;
};

// What the user's other phones are told. Nothing in it comes from the authenticator itself.
NoticeDraft bound_notice(const Phone& phone) {
  const std::string which = phone.masked.empty() ? "one of your phones" : "your phone " + phone.masked;
  return {NoticeKind::factor_added,
          "An authenticator was set up on " + which + ". If that was not you, tell your help desk at once."};
}

Error not_valid() { return {Errc::refused, "the activation code is not valid (any more); ask for a new one"}; }

Result<Binding> plan_binding(const Ports& ports, const ActivateRequest& request) {
  const Bytes digest = TRY(digest_of(ports, request.code));
  const Bytes push_state = TRY(factor::push::enrol(request.public_key));
  Binding plan;
  TRY(ports.store.read([&](store::Txn& txn) -> Result<void> {
    auto found = TRY(store::activation_by_digest(txn, digest));
    if (!found || found->used || ports.clock.now() >= found->expires) return not_valid();
    auto phone = TRY(store::phone_by_id(txn, found->tenant, found->phone));
    auto user = TRY(store::user_by_id(txn, found->tenant, found->user));
    auto tenant = TRY(store::tenant_by_id(txn, found->tenant));
    if (!phone || !user || !tenant) return not_valid();
    plan.activation = *std::move(found);
    plan.phone = *std::move(phone);
    plan.out.username = user->username;
    plan.out.tenant_name = tenant->name;
    return {};
  }));
  plan.phone.activated = true;
  plan.phone.platform = request.platform.empty() ? "Generic Smartphone" : request.platform;
  plan.push = new_enrolment(ports, plan.phone.tenant, plan.phone.user, "push");
  plan.push.phone = plan.phone.id;
  TRY(seal_state(ports, plan.push, push_state));
  plan.out.totp_secret = Secret(ByteView(random_bytes(ports.random, kTotpSecretBytes)));
  plan.totp = new_enrolment(ports, plan.phone.tenant, plan.phone.user, "totp");
  plan.totp.phone = plan.phone.id;
  const Bytes totp_state = TRY(factor::totp::enrol(plan.out.totp_secret, {}));
  TRY(seal_state(ports, plan.totp, totp_state));
  plan.notice = TRY(seal_notice(ports, plan.phone, bound_notice(plan.phone)));
  plan.out.phone = plan.phone;
  return plan;
}

// The factors of an earlier authenticator on the same phone end with the new one, and nothing is pushed to it.
Result<void> forget_old(store::Txn& txn, const Phone& phone) {
  for (std::string_view kind : {"push", "totp"}) {
    const auto old = TRY(store::enrolment_of_phone(txn, phone.tenant, phone.id, kind));
    if (old) TRY(store::delete_enrolment(txn, phone.tenant, old->id));
  }
  TRY(store::delete_subscription(txn, phone.tenant, phone.id));
  return {};
}

}  // namespace

void activate(const Ports& ports, ActivateRequest request, Done<Activated> done) {
  Result<Binding> made = plan_binding(ports, request);
  if (!made) return done(std::move(made).error());
  auto plan = std::make_shared<Binding>(*std::move(made));  // lives until the commit is durable
  ports.store.write(
      [&ports, plan](store::Txn& txn) -> Result<void> {
        if (!TRY(store::use_activation(txn, plan->activation, ports.clock.now()))) return not_valid();
        TRY(forget_old(txn, plan->phone));
        if (!TRY(store::update_phone(txn, plan->phone))) return lost();
        TRY(store::insert_enrolment(txn, plan->push));
        TRY(store::insert_enrolment(txn, plan->totp));
        TRY(note_factor(txn, plan->push, plan->phone.id.text()));
        TRY(note_factor(txn, plan->totp, plan->phone.id.text()));
        TRY(note(ports, txn, plan->notice, plan->phone.id));
        return store::note_change(txn, phone_key(plan->phone.id), ports.clock.now());
      },
      [&ports, plan, done = std::move(done)](Result<void> written) {
        if (!written) return done(std::move(written).error());
        ports.wake(phone_key(plan->phone.id));
        ports.wake(kOutboxKey);
        done(std::move(plan->out));
      });
}

}  // namespace countersign::flow
