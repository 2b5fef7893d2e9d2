#include "store/glass.h"

namespace countersign::store {
namespace {

GlassOpening read_opening(const Row& row) {
  return {.number = row.integer(0),
          .credential = std::string(row.text(1)),
          .reason = std::string(row.text(2)),
          .case_reference = std::string(row.text(3)),
          .opened = row.instant(4),
          .closes = row.instant(5),
          .seen = row.instant(6),
          .closed = row.maybe_instant(7),
          .reported = row.maybe_instant(8)};
}

Result<std::vector<GlassOpening>> read_openings(Txn& txn, Query query, Params params) {
  std::vector<GlassOpening> out;
  TRY(txn.rows(query, params, [&](const Row& row) { out.push_back(read_opening(row)); }));
  return out;
}

Result<std::optional<GlassOpening>> first_of(Result<std::vector<GlassOpening>> found) {
  std::vector<GlassOpening> all = TRY(std::move(found));
  return all.empty() ? std::nullopt : std::optional(std::move(all.front()));
}

}  // namespace

Result<void> insert_glass_seal(Txn& txn, const GlassSeal& seal) {
  TRY(txn.change(Query::insert_glass_seal, {seal.verifier, seal.made, seal.from}));
  return {};
}

Result<std::vector<GlassSeal>> glass_seals(Txn& txn) {
  std::vector<GlassSeal> out;
  TRY(txn.rows(Query::glass_seals, {}, [&](const Row& row) {
    const ByteView verifier = row.bytes(0);
    out.push_back({{verifier.begin(), verifier.end()}, row.instant(1), row.instant(2)});
  }));
  return out;
}

Result<void> insert_glass_opening(Txn& txn, const GlassOpening& opening) {
  const std::int64_t made =
      TRY(txn.change(Query::insert_glass_opening, {opening.number, opening.credential, opening.reason,
                                                   opening.case_reference, opening.opened, opening.closes,
                                                   opening.seen}));
  return made == 1 ? Result<void>() : Result<void>(Error{Errc::conflict, "the glass was opened meanwhile"});
}

Result<std::optional<GlassOpening>> glass_opening(Txn& txn, std::int64_t number) {
  return first_of(read_openings(txn, Query::glass_opening, {number}));
}

Result<std::optional<GlassOpening>> last_glass_opening(Txn& txn) {
  return first_of(read_openings(txn, Query::last_glass_opening, {}));
}

Result<std::vector<GlassOpening>> unreported_glass(Txn& txn) {
  return read_openings(txn, Query::unreported_glass, {});
}

Result<void> see_glass(Txn& txn, std::int64_t number, Instant now) {
  TRY(txn.change(Query::see_glass, {number, now}));
  return {};
}

Result<bool> close_glass(Txn& txn, std::int64_t number, Instant now) {
  return TRY(txn.change(Query::close_glass, {number, now})) == 1;
}

Result<bool> report_glass(Txn& txn, std::int64_t number, Instant now) {
  return TRY(txn.change(Query::report_glass, {number, now})) == 1;
}

Result<bool> note_glass_tenant(Txn& txn, std::int64_t number, const GlassTenant& tenant) {
  return TRY(txn.change(Query::note_glass_tenant, {number, tenant.tenant, tenant.first})) == 1;
}

Result<bool> tell_glass_tenant(Txn& txn, std::int64_t number, const GlassTenant& tenant) {
  return TRY(txn.change(Query::tell_glass_tenant, {number, tenant.tenant, tenant.told})) == 1;
}

Result<bool> report_glass_tenant(Txn& txn, std::int64_t number, const GlassTenant& tenant) {
  return TRY(txn.change(Query::report_glass_tenant, {number, tenant.tenant, tenant.reported})) == 1;
}

Result<std::vector<GlassTenant>> glass_tenants(Txn& txn, std::int64_t number) {
  std::vector<GlassTenant> out;
  TRY(txn.rows(Query::glass_tenants, {number}, [&](const Row& row) {
    out.push_back({row.id<TenantId>(0), row.instant(1), row.maybe_instant(2), row.maybe_instant(3)});
  }));
  return out;
}

}  // namespace countersign::store
