#include "server/push_key.h"

#include "store/history.h"

namespace countersign::server {
namespace {

constexpr std::string_view kKey = "vapid_key";

keys::Place key_place() { return {.tenant = TenantId(), .table = "server_values", .column = "value", .row = kKey}; }

Result<std::optional<crypto::Es256Key>> stored_key(const CertificatePorts& ports) {
  const std::optional<Bytes> sealed =
      TRY(store::read(ports.store, [](store::Txn& txn) { return store::server_value(txn, kKey); }));
  if (!sealed) return std::optional<crypto::Es256Key>();
  const Secret scalar = TRY(ports.keys.unseal(key_place(), *sealed));
  return std::optional(TRY(crypto::Es256Key::from_scalar(scalar.reveal_bytes())));
}

}  // namespace

Result<crypto::Es256Key> prepare_push_key(const CertificatePorts& ports) {
  if (auto stored = TRY(stored_key(ports))) return *std::move(stored);
  crypto::Es256Key made = crypto::Es256Key::generate(ports.random);
  const Bytes sealed = TRY(ports.keys.seal(key_place(), made.scalar()));
  const Result<bool> written = store::write_and_wait(ports.store, [&](store::Txn& txn) -> Result<bool> {
    TRY(store::insert_server_value(txn, kKey, sealed));
    return true;
  });
  if (written) return made;
  if (written.error().code != Errc::conflict) return written.error();
  // Another node was faster.
  if (auto stored = TRY(stored_key(ports))) return *std::move(stored);
  return Error{Errc::unavailable, "the key of Web Push is being made by another node; try again"};
}

}  // namespace countersign::server
