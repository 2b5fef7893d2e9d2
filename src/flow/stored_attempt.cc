#include "flow/stored_attempt.h"

namespace countersign::flow {
namespace {

keys::Place place_of(const TenantId& tenant, const AttemptId& id) { return {tenant, "attempts", "context", id.text()}; }

}  // namespace

Result<signin::Attempt> open_attempt(const Ports& ports, const store::StoredAttempt& row) {
  signin::Attempt attempt;
  const Secret context = TRY(ports.keys.unseal(place_of(row.tenant, row.id), row.sealed_context));
  TRY(signin::decode_context(context.reveal(), attempt));
  const std::optional<signin::State> state = signin::state(row.state);
  if (!state) return Error{Errc::unavailable, "an attempt of a state this version does not know"};
  attempt.tenant = row.tenant;
  attempt.id = row.id;
  attempt.app = row.app;
  attempt.user = row.user;
  attempt.phone = row.phone;
  attempt.state = *state;
  attempt.created = row.created;
  attempt.expires = row.expires;
  return attempt;
}

Result<store::StoredAttempt> seal_attempt(const Ports& ports, const signin::Attempt& attempt, std::int64_t version) {
  store::StoredAttempt row;
  row.tenant = attempt.tenant;
  row.id = attempt.id;
  row.app = attempt.app;
  row.user = attempt.user;
  row.phone = attempt.phone;
  row.state = signin::name(attempt.state);
  row.created = attempt.created;
  row.expires = attempt.expires;
  row.version = version;
  row.sealed_context =
      TRY(ports.keys.seal(place_of(attempt.tenant, attempt.id), Secret(signin::encode_context(attempt))));
  return row;
}

Result<void> put_attempt(const Ports& ports, store::Txn& txn, const store::StoredAttempt& row) {
  if (row.version == 0) {
    store::StoredAttempt first = row;
    first.version = 1;
    TRY(store::insert_attempt(txn, first));
  } else if (!TRY(store::update_attempt(txn, row))) {
    return lost();
  }
  return store::note_change(txn, attempt_key(row.id), ports.clock.now());
}

Error lost() { return {Errc::conflict, "changed underneath"}; }

}  // namespace countersign::flow
