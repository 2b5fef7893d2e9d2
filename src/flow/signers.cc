#include "flow/signers.h"

#include <algorithm>

#include "core/codec/base64.h"
#include "core/codec/json_write.h"
#include "flow/ledger.h"
#include "flow/lineage.h"
#include "flow/run_again.h"

namespace countersign::flow {
namespace {

constexpr std::string_view kPrefix = "ad_";

// The public key, so that signatures can be checked with the ledger alone; no name.
std::string details_of(const store::Signer& signer) {
  codec::JsonWriter w;
  w.begin_object().key("signer_id").string(signer.id);
  w.key("public_key").string(codec::to_base64(codec::Base64::url, signer.public_key));
  return w.end_object().take();
}

// Where signers are the operator's own, the ledger alone has the change: there is no tenant's history to write it to.
Result<void> commit_signer(const Administration& by, const store::Signer& signer, std::string action,
                           const store::Flow& flow) {
  ledger::Event noted = begin_event(by.ports, ledger::EventType::config_change, signer.tenant, ledger_actor(by.actor));
  noted.object = action;
  noted.count = 1;
  noted.query = details_of(signer);
  std::optional<store::HistoryRow> row;
  if (!signer.tenant.empty()) {
    row = TRY(activity_of(by, {.tenant = signer.tenant,
                               .action = std::move(action),
                               .target_type = "signer",
                               .target_key = signer.id,
                               .target_name = signer.name,
                               .details = details_of(signer)}));
    noted.rows = {row_set(*row)};
  }
  return write_again(by.ports.store, [&](store::Txn& txn) -> Result<void> {
    TRY(record(txn, {noted}));  // first: it takes the tree's turn, so that what is counted stays so
    TRY(flow(txn));
    return row ? store::append_history(txn, *row) : Result<void>();
  });
}

bool lives(const store::Signer& signer, const std::optional<store::Grant>& grant) {
  return !signer.killed && !(grant && grant->killed);
}

}  // namespace

Result<store::Signer> add_signer(const Administration& by, const SignerDraft& draft) {
  TRY(check_name(draft.name, "the name"));
  store::Signer signer{.id = std::string(kPrefix) + random_text(by.ports.random, 18, kIdAlphabet),
                       .tenant = draft.tenant,
                       .name = draft.name,
                       .public_key = draft.key.point(),
                       .made = by.ports.clock.now()};
  const store::Grant grant{.id = signer.id,
                           .parent = by.actor.credential,
                           .kind = std::string(kMadeSigner),
                           .tenant = signer.tenant,
                           .made = signer.made};
  TRY(commit_signer(by, signer, "signer_add", [&](store::Txn& txn) -> Result<void> {
    const auto there = TRY(store::signers_of(txn, signer.tenant));
    if (std::ranges::any_of(there, [&](const auto& one) { return one.public_key == signer.public_key; })) {
      return Error{Errc::conflict, "this key is, or was, a signer's already"};
    }
    const auto alive = std::ranges::count_if(there, [](const auto& one) { return !one.killed; });
    if (static_cast<std::size_t>(alive) >= kSignersMax) {
      return Error{Errc::exhausted, "64 signers are enough; remove one first (signer remove)"};
    }
    TRY(store::insert_signer(txn, signer));
    return store::insert_grant(txn, grant);
  }));
  return signer;
}

Result<std::vector<store::Signer>> signers(const Ports& ports, const TenantId& tenant) {
  return store::read(ports.store, [&](store::Txn& txn) { return store::signers_of(txn, tenant); });
}

Result<void> remove_signer(const Administration& by, const TenantId& tenant, std::string_view id) {
  const auto found = TRY(store::read(by.ports.store, [&](store::Txn& txn) { return store::signer_by_id(txn, id); }));
  const Error none{Errc::not_found, "no such signer here; `countersign signer list` shows them"};
  if (!found || found->tenant != tenant) return none;
  const Instant now = by.ports.clock.now();
  return commit_signer(by, *found, "signer_remove", [&](store::Txn& txn) -> Result<void> {
    if (!TRY(store::kill_signer(txn, id, now))) return none;
    return store::kill_grant(txn, id, now);
  });
}

Result<bool> signer_lives(store::Txn& txn, std::string_view id) {
  const auto found = TRY(store::signer_by_id(txn, id));
  return found && lives(*found, TRY(store::grant_of(txn, id)));
}

Result<store::Signer> signer_for(store::Txn& txn, const TenantId& tenant, std::string_view id) {
  auto found = TRY(store::signer_by_id(txn, id));
  const bool may = found && (found->tenant.empty() || found->tenant == tenant);
  if (!may || !lives(*found, TRY(store::grant_of(txn, id)))) {
    return Error{Errc::refused, "nobody of this id may sign for this tenant; `countersign signer list` shows who may"};
  }
  return *std::move(found);
}

}  // namespace countersign::flow
