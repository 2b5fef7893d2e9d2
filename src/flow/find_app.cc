#include "flow/find_app.h"

#include <utility>

#include "store/tenants.h"

namespace countersign::flow {

Result<std::optional<Application>> find_app(const Ports& ports, const AppId& id) {
  if (!ports.apps) return store::read(ports.store, [&](store::Txn& txn) { return store::app_by_id(txn, id); });
  if (auto app = ports.apps->find(id)) return app;
  const std::uint64_t generation = ports.apps->generation();
  auto app = TRY(store::read(ports.store, [&](store::Txn& txn) { return store::app_by_id(txn, id); }));
  if (app) ports.apps->put(*app, generation);
  return app;
}

Result<Bytes> tenant_logo(const Ports& ports, const TenantId& tenant) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<Bytes> {
    std::optional<Tenant> found = TRY(store::tenant_by_id(txn, tenant));
    return found ? std::move(found->logo_png) : Bytes();
  });
}

}  // namespace countersign::flow
