#include "flow/subscribe.h"

#include <cstdlib>
#include <memory>

#include "core/crypto/sign.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

constexpr std::chrono::hours kNoticeLook{24};

keys::Place place_of(const TenantId& tenant, const PhoneId& phone) {
  return {.tenant = tenant, .table = "subscriptions", .column = "subscription", .row = phone.text()};
}

std::string_view topic_of(LookFor why) {
  switch (why) {
    case LookFor::sign_in: return "look";
    case LookFor::notice: return "note";
  }
  std::abort();
}

seconds lifetime_of(const Ports& ports, LookFor why) {
  switch (why) {
    case LookFor::sign_in: return ports.settings.push_lifetime;
    case LookFor::notice: return kNoticeLook;
  }
  std::abort();
}

Result<store::StoredSubscription> seal_subscription(const Ports& ports, const SubscribeRequest& request) {
  TRY(ports.settings.push_services.admit(request.subscription.endpoint));
  TRY(crypto::Es256PublicKey::from_point(request.subscription.p256dh));
  store::StoredSubscription out;
  out.tenant = request.phone.tenant;
  out.phone = request.phone.id;
  out.created = ports.clock.now();
  out.sealed = TRY(ports.keys.seal(place_of(out.tenant, out.phone), webpush::encode(request.subscription)));
  return out;
}

}  // namespace

void subscribe(const Ports& ports, SubscribeRequest request, Done<void> done) {
  Result<store::StoredSubscription> made = seal_subscription(ports, request);
  if (!made) return done(std::move(made).error());
  ports.store.write(
      [stored = *std::move(made)](store::Txn& txn) -> Result<void> {
        const std::optional<Phone> phone = TRY(store::phone_by_id(txn, stored.tenant, stored.phone));
        if (!phone || !phone->activated) return Error{Errc::not_found, "the phone is gone"};
        return store::put_subscription(txn, stored);
      },
      std::move(done));
}

void unsubscribe(const Ports& ports, const Phone& phone, Done<void> done) {
  ports.store.write(
      [tenant = phone.tenant, id = phone.id](store::Txn& txn) -> Result<void> {
        TRY(store::delete_subscription(txn, tenant, id));
        return {};
      },
      std::move(done));
}

Result<void> queue_look(const Ports& ports, store::Txn& txn, const Phone& phone, LookFor why) {
  if (!TRY(store::has_subscription(txn, phone.tenant, phone.id))) return {};
  store::OutboxRow row;
  row.tenant = phone.tenant;
  row.phone = phone.id;
  row.topic = topic_of(why);
  row.due = ports.clock.now();
  row.expires = row.due + lifetime_of(ports, why);
  return store::put_outbox(txn, row);
}

Result<OpenSubscription> open_subscription(const Ports& ports, const TenantId& tenant, const PhoneId& phone) {
  std::optional<store::StoredSubscription> stored =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return store::subscription_of(txn, tenant, phone); }));
  if (!stored) return Error{Errc::not_found, "the phone has no subscription"};
  const Secret text = TRY(ports.keys.unseal(place_of(tenant, phone), stored->sealed));
  return OpenSubscription{*std::move(stored), TRY(webpush::decode(text.reveal()))};
}

}  // namespace countersign::flow
