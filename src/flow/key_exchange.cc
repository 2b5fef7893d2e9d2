#include "flow/key_exchange.h"

#include "flow/run_again.h"
#include "store/key_exchange.h"

namespace countersign::flow {
namespace {

constexpr int kPage = 500;

bool is_off(const Ports& ports) { return ports.settings.key_exchange == KeyExchange::none; }

Result<std::optional<store::SharedKey>> find(const Ports& ports, const TenantId& tenant, const std::string& name) {
  return store::read(ports.store, [&](store::Txn& txn) { return store::shared_key(txn, tenant, name); });
}

}  // namespace

Result<void> offer_key(const Ports& ports, const TenantId& tenant, const std::string& name) {
  if (is_off(ports)) return {};
  const store::SharedKey ours{tenant, name, TRY(ports.keys.share_key(tenant, name))};
  return write_again(ports.store, [&](store::Txn& txn) { return store::insert_shared_key(txn, ours); });
}

Result<void> agree_on_key(const Ports& ports, const TenantId& tenant, const std::string& name) {
  if (is_off(ports)) return {};
  std::optional<store::SharedKey> first = TRY(find(ports, tenant, name));
  if (!first) {
    TRY(offer_key(ports, tenant, name));
    first = TRY(find(ports, tenant, name));
  }
  if (!first) return Error{Errc::unavailable, "a key that was shared is gone; try again"};
  if (first->sealed.empty()) return Error{Errc::refused, "the key of that month was destroyed"};
  return ports.keys.adopt_key(tenant, name, first->sealed);
}

Result<void> adopt_keys(const Ports& ports, const TenantId& tenant, const std::string& month) {
  if (is_off(ports)) return {};
  const auto shared =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return store::shared_keys_of(txn, tenant); }));
  for (const store::SharedKey& key : shared) {
    const bool wanted = key.name == month || key.name.starts_with(keys::kPairPrefix);
    if (!wanted || key.sealed.empty()) continue;
    const Result<void> adopted = ports.keys.adopt_key(tenant, key.name, key.sealed);
    if (!adopted && adopted.error().code != Errc::refused) return adopted;  // refused: destroyed here already
  }
  return {};
}

Result<void> take_back_pairs(const Ports& ports, const TenantId& tenant) {
  if (is_off(ports)) return {};
  return write_again(ports.store, [&](store::Txn& txn) { return store::delete_shared_pairs(txn, tenant); });
}

Result<void> tell_destroyed(const Ports& ports, const TenantId& tenant, const std::string& month) {
  if (is_off(ports)) return {};
  return write_again(ports.store, [&](store::Txn& txn) { return store::destroy_shared_key(txn, tenant, month); });
}

Result<void> destroy_what_others_destroyed(const Ports& ports) {
  if (is_off(ports)) return {};
  store::SharedKey after;
  for (std::size_t got = kPage; got == kPage;) {
    const auto page = TRY(store::read(
        ports.store, [&](store::Txn& txn) { return store::destroyed_keys(txn, after, kPage); }));
    got = page.size();
    for (const store::SharedKey& key : page) {
      const Result<void> done = ports.keys.shred_month(key.tenant, key.name);
      if (!done && done.error().code != Errc::not_found) return done;
      after = key;
    }
  }
  return {};
}

}  // namespace countersign::flow
