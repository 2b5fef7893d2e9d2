#include "flow/stored_visit.h"

#include "core/codec/hex.h"
#include "core/crypto/equal.h"
#include "flow/stored_attempt.h"
#include "flow/visit.h"
#include "store/history.h"

namespace countersign::flow {
namespace {

constexpr std::size_t kCodeProofBytes = 20;

keys::Place place_of(const TenantId& tenant, const VisitId& id) { return {tenant, "visits", "context", id.text()}; }

Result<std::string> code_proof(const Ports& ports, const VisitId& visit) {
  const Bytes digest = TRY(ports.keys.token_digest("authorization-code", Secret(visit.text())));
  return codec::to_hex(ByteView(digest).first(kCodeProofBytes));
}

}  // namespace

Result<signin::Visit> open_visit(const Ports& ports, const store::StoredVisit& row) {
  signin::Visit visit;
  const Secret context = TRY(ports.keys.unseal(place_of(row.tenant, row.id), row.sealed_context));
  TRY(signin::decode_context(context, visit));
  const std::optional<signin::VisitState> state = signin::visit_state(row.state);
  if (!state) return Error{Errc::unavailable, "a visit of a state this version does not know"};
  visit.tenant = row.tenant;
  visit.id = row.id;
  visit.app = row.app;
  visit.user = row.user;
  visit.state = *state;
  visit.created = row.created;
  visit.expires = row.expires;
  return visit;
}

Result<store::StoredVisit> seal_visit(const Ports& ports, const signin::Visit& visit, std::int64_t version) {
  store::StoredVisit row;
  row.tenant = visit.tenant;
  row.id = visit.id;
  row.app = visit.app;
  row.user = visit.user;
  row.state = signin::name(visit.state);
  row.sealed_context = TRY(ports.keys.seal(place_of(visit.tenant, visit.id), signin::encode_context(visit)));
  row.created = visit.created;
  row.expires = visit.expires;
  row.version = version;
  return row;
}

Result<void> put_visit(const Ports& ports, store::Txn& txn, const store::StoredVisit& row) {
  if (row.version == 0) {
    store::StoredVisit first = row;
    first.version = 1;
    return store::insert_visit(txn, first);
  }
  if (!TRY(store::update_visit(txn, row))) return lost();
  return store::note_change(txn, visit_key(row.id), ports.clock.now());
}

Result<std::string> code_of(const Ports& ports, const VisitId& visit) {
  return visit.text() + TRY(code_proof(ports, visit));
}

Result<VisitId> visit_of_code(const Ports& ports, std::string_view code) {
  const Error unknown{Errc::refused, "the code was not issued here"};
  if (code.size() != kIdLength + 2 * kCodeProofBytes) return unknown;
  const Result<VisitId> visit = VisitId::parse(code.substr(0, kIdLength));
  if (!visit) return unknown;
  if (!crypto::equal(code.substr(kIdLength), TRY(code_proof(ports, *visit)))) return unknown;
  return *visit;
}

}  // namespace countersign::flow
