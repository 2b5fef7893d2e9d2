#include "flow/ledger_tokens.h"

#include "core/codec/base64.h"
#include "core/codec/hex.h"
#include "core/codec/json_write.h"
#include "flow/ledger.h"

namespace countersign::flow {
namespace {

constexpr std::size_t kTokenSize = 32;
constexpr std::size_t kIdBytes = 16;  // of the digest: nobody finds a token that meets one
constexpr std::string_view kIdPrefix = "lt_";

Error not_good() { return {Errc::refused, "not a token that is good here"}; }

Result<std::string> id_of(const Ports& ports, const Secret& token) {
  const Bytes digest = TRY(ports.keys.token_digest("ledger token", token));
  if (digest.size() < kIdBytes) return Error{Errc::unavailable, "a digest is too short"};
  return std::string(kIdPrefix) + codec::to_hex(ByteView(digest).first(kIdBytes));
}

Change change_of(const Tenant& tenant, std::string action, std::string_view id) {
  codec::JsonWriter details;
  details.begin_object().key("token_id").string(id).end_object();
  return {.tenant = tenant.id,
          .action = std::move(action),
          .target_type = "ledger_token",
          .target_key = std::string(id),
          .target_name = std::string(id),
          .details = details.take()};
}

}  // namespace

Result<MadeLedgerToken> make_ledger_token(const Administration& by, const Tenant& tenant) {
  Bytes bytes(kTokenSize);
  by.ports.random.fill(bytes);
  MadeLedgerToken out;
  out.token = Secret(codec::to_base64(codec::Base64::url, bytes));
  out.id = TRY(id_of(by.ports, out.token));
  const store::Grant grant{.id = out.id,
                           .parent = by.actor.credential,
                           .kind = std::string(kLedgerToken),
                           .tenant = tenant.id,
                           .made = by.ports.clock.now()};
  TRY(commit(by, change_of(tenant, "ledger_token_create", out.id),
             [&](store::Txn& txn) { return store::insert_grant(txn, grant); }));
  return out;
}

Result<std::vector<store::Grant>> ledger_tokens(const Administration& by, const Tenant& tenant) {
  auto made = TRY(
      store::read(by.ports.store, [&](store::Txn& txn) { return store::grants_made_by(txn, by.actor.credential); }));
  std::erase_if(made, [&](const store::Grant& one) { return one.kind != kLedgerToken || one.tenant != tenant.id; });
  return made;
}

Result<void> revoke_ledger_token(const Administration& by, const Tenant& tenant, std::string_view id) {
  return commit(by, change_of(tenant, "ledger_token_delete", id), [&](store::Txn& txn) -> Result<void> {
    const auto grant = TRY(store::grant_of(txn, id));
    if (!grant || grant->kind != kLedgerToken || grant->tenant != tenant.id) {
      return Error{Errc::not_found, "this tenant has no such ledger token"};
    }
    if (grant->killed) return Error{Errc::refused, "this ledger token was revoked before"};
    return store::kill_grant(txn, id, by.ports.clock.now());
  });
}

Result<store::Grant> check_ledger_token(const Ports& ports, const Secret& token, std::string_view tenant) {
  const std::string id = TRY(id_of(ports, token));
  const auto grant = TRY(store::read(ports.store, [&](store::Txn& txn) { return store::grant_of(txn, id); }));
  const bool good = grant && grant->kind == kLedgerToken && grant->tenant.text() == tenant && !grant->killed;
  if (!good) return not_good();
  return *grant;
}

void record_ledger_reading(const Ports& ports, const store::Grant& token, std::string ip, store::Done done) {
  ledger::Actor actor;
  actor.kind = "api_key";
  actor.credential = token.id;
  actor.parent = token.parent;
  actor.ip = std::move(ip);
  ledger::Event event = begin_event(ports, ledger::EventType::read, token.tenant, std::move(actor));
  event.purpose = "own_account";
  event.object = "ledger";
  ports.store.write([event = std::move(event)](store::Txn& txn) { return record(txn, {event}); }, std::move(done));
}

}  // namespace countersign::flow
