#include "flow/budgets.h"

#include "core/codec/hex.h"
#include "flow/stored_attempt.h"
#include "store/visits.h"

namespace countersign::flow {
namespace {

// The row as it stands, or what a first one is made of.
Result<store::StoredFatigue> row_of(const Ports& ports, const TenantId& tenant, std::string owner) {
  auto row = TRY(store::read(ports.store, [&](store::Txn& txn) { return store::fatigue_of(txn, tenant, owner); }));
  if (row) return *std::move(row);
  store::StoredFatigue first;
  first.tenant = tenant;
  first.owner = std::move(owner);
  return first;
}

}  // namespace

Result<Kept<policy::UserBudget>> user_budget(const Ports& ports, const TenantId& tenant, const UserId& user) {
  Kept<policy::UserBudget> out;
  out.row = TRY(row_of(ports, tenant, user.text()));
  if (out.row.version > 0) out.budget = TRY(policy::decode_user_budget(out.row.state));
  return out;
}

Result<std::optional<Kept<policy::SourceBudget>>> source_budget(const Ports& ports, const TenantId& tenant,
                                                                const std::string& address) {
  const std::string network = policy::source_network(address);
  if (network.empty()) return std::optional<Kept<policy::SourceBudget>>();
  const Bytes digest = TRY(ports.keys.token_digest("source-network", Secret(tenant.text() + "/" + network)));
  Kept<policy::SourceBudget> out;
  out.row = TRY(row_of(ports, tenant, "net:" + codec::to_hex(digest)));
  if (out.row.version > 0) out.budget = TRY(policy::decode_source_budget(out.row.state));
  return std::optional(std::move(out));
}

store::StoredFatigue changed(const Ports& ports, const Kept<policy::UserBudget>& kept) {
  store::StoredFatigue row = kept.row;
  row.state = policy::encode(kept.budget);
  row.touched = ports.clock.now();
  return row;
}

store::StoredFatigue changed(const Ports& ports, const Kept<policy::SourceBudget>& kept) {
  store::StoredFatigue row = kept.row;
  row.state = policy::encode(kept.budget);
  row.touched = ports.clock.now();
  return row;
}

Result<void> write_budgets(store::Txn& txn, const std::vector<store::StoredFatigue>& rows) {
  for (const store::StoredFatigue& row : rows) {
    if (!TRY(store::put_fatigue(txn, row))) return lost();
  }
  return {};
}

Result<Bytes> host_digest(const Ports& ports, const Application& app, const record::AccessDevice& access) {
  return ports.keys.token_digest("known-host", Secret(app.id.text() + "/" + access.ip));
}

Result<bool> host_is_known(const Ports& ports, const Application& app, const UserId& user,
                           const record::AccessDevice& access) {
  const Bytes digest = TRY(host_digest(ports, app, access));
  return store::read(ports.store, [&](store::Txn& txn) { return store::is_known_host(txn, app.tenant, user, digest); });
}

}  // namespace countersign::flow
