// A tenant's own key, as its administrator's browser made it and sends it by a link.
#include <algorithm>
#include <memory>

#include "core/codec/hex.h"
#include "core/codec/json_write.h"
#include "flow/custody.h"
#include "flow/ledger.h"
#include "flow/run_again.h"
#include "flow/sign_in.h"

namespace countersign::flow {
namespace {

constexpr std::size_t kTokenMax = 64;
constexpr std::size_t kSlotNameMax = 64;
constexpr std::size_t kCredentialMax = 1023;   // WebAuthn Level 3 §4
constexpr std::size_t kSaltSize = 32;
constexpr std::size_t kWrappedSize = 12 + 32 + 16;
constexpr std::size_t kDigestShown = 8;

Error bad_link() { return {Errc::refused, "the link was used, has run out, or is none"}; }

Result<Bytes> digest_of(const Ports& ports, const Secret& token) {
  if (token.empty() || token.size() > kTokenMax) return bad_link();
  return ports.keys.token_digest("custody link", token);
}

struct Opened {
  store::CustodyLink link;
  CustodyView view;
};

Result<Opened> open_link(const Ports& ports, store::Txn& txn, const Bytes& digest) {
  std::optional<store::CustodyLink> link = TRY(store::custody_link(txn, digest));
  if (!link || link->expires <= ports.clock.now()) return bad_link();
  CustodyView view = TRY(custody::read(txn, link->tenant));
  return Opened{*std::move(link), std::move(view)};
}

// The key to which a passkey is added; nullptr: a new one begins.
const store::RecipientKey* key_to_join(const Opened& opened) {
  return opened.link.purpose == "renew" ? nullptr : custody::passkey_key(opened.view);
}

// One try: what was read, and what is to be written.
struct Round {
  Bytes digest;
  store::KeySlot slot;
  std::optional<store::RecipientKey> key;            // a new one
  std::vector<history::RecipientId> retired;
  store::HistoryRow activity;
  ledger::Event noted;
};

Result<void> check(const Ports& ports, const SlotUpload& upload) {
  TRY(check_name(upload.name, "the name"));
  if (upload.name.size() > kSlotNameMax) return Error{Errc::malformed, "the name must have at most 64 bytes"};
  const std::size_t credential = upload.credential.size();
  if (credential == 0 || credential > kCredentialMax || upload.salt.size() != kSaltSize ||
      upload.wrapped.size() != kWrappedSize) {
    return Error{Errc::malformed, "a slot has a credential, a salt of 32 bytes and a wrapped key of 60"};
  }
  return custody::check_key(ports, upload.key);
}

record::ActivityEvent activity_of(const Ports& ports, const Tenant& tenant, const Round& round) {
  codec::JsonWriter details;
  details.begin_object().key("recipient").string(codec::to_hex(round.slot.recipient));
  details.key("slot").string(round.slot.id).key("name").string(round.slot.name);
  details.key("new_key").boolean(round.key.has_value()).end_object();
  record::ActivityEvent event;
  event.id = EventId::make(ports.random);
  event.tenant = tenant.id;
  event.at = ports.clock.now();
  event.action = "custody_slot_add";
  event.details = details.take();
  event.actor_type = "admin";
  event.actor_name = "custody link";
  event.target_type = "account";
  event.target_key = tenant.id.text();
  event.target_name = tenant.name;
  return event;
}

Result<Round> prepare(const Ports& ports, const SlotUpload& upload) {
  Round out;
  out.digest = TRY(digest_of(ports, upload.token));
  const Opened opened =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return open_link(ports, txn, out.digest); }));
  const Tenant& tenant = opened.view.tenant;
  out.slot = {.tenant = tenant.id, .id = random_uuid(ports.random), .recipient = history::recipient_id(upload.key),
              .kind = "passkey", .name = upload.name, .credential = upload.credential, .salt = upload.salt,
              .wrapped = upload.wrapped, .created = ports.clock.now()};
  const store::RecipientKey* const joined = key_to_join(opened);
  if (joined && joined->key != upload.key) return Error{Errc::malformed, "this is another key than the tenant's"};
  if (!joined) {
    TRY(custody::room_for_one(opened.view.recipients));
    out.key = {.tenant = tenant.id, .id = out.slot.recipient, .key = upload.key, .kind = "tenant",
               .name = "passkeys", .created = out.slot.created};
    const store::RecipientKey* const before = custody::passkey_key(opened.view);
    if (before) out.retired.push_back(before->id);
  }
  out.activity = TRY(seal_event(ports, activity_of(ports, tenant, out)));
  const std::string link = "custody link:" + codec::to_hex(ByteView(out.digest).first(kDigestShown));
  out.noted = begin_event(ports, ledger::EventType::config_change, tenant.id,
                          {.kind = "tenant_admin", .credential = link, .ip = upload.address});
  out.noted.object = "custody_slot_add";
  out.noted.rows = {row_set(out.activity)};
  out.noted.count = 1;
  return out;
}

Result<bool> write_down(const Ports& ports, store::Txn& txn, const Round& round) {
  const Instant now = ports.clock.now();
  if (!TRY(store::use_custody_link(txn, round.digest, now))) return bad_link();
  for (const history::RecipientId& id : round.retired) TRY(store::retire_recipient(txn, round.slot.tenant, id, now));
  if (round.key) TRY(store::insert_recipient(txn, *round.key));
  TRY(store::insert_key_slot(txn, round.slot));
  TRY(store::append_history(txn, round.activity));
  TRY(record(txn, {round.noted}));
  return round.key.has_value();
}

}  // namespace

Result<Invitation> open_invitation(const Ports& ports, const Secret& token) {
  const Bytes digest = TRY(digest_of(ports, token));
  Opened opened = TRY(store::read(ports.store, [&](store::Txn& txn) { return open_link(ports, txn, digest); }));
  Invitation out;
  if (const store::RecipientKey* const key = key_to_join(opened)) {
    out.key = key->key;
    for (store::KeySlot& slot : opened.view.slots) {
      if (slot.recipient == key->id && slot.kind == "passkey") out.slots.push_back(std::move(slot));
    }
  }
  out.tenant = std::move(opened.view.tenant);
  return out;
}

void take_slot(const Ports& ports, SlotUpload upload, Done<bool> done) {
  const Result<void> fine = check(ports, upload);
  if (!fine) return done(fine.error());
  auto shared = std::make_shared<const SlotUpload>(std::move(upload));  // shared: rounds are copied
  const auto round = [&ports, shared](Done<bool> finish) {
    Result<Round> prepared = prepare(ports, *shared);
    if (!prepared) return finish(prepared.error());
    auto kept = std::make_shared<const Round>(*std::move(prepared));  // shared: the flow may run again
    store::write(
        ports.store, [&ports, kept](store::Txn& txn) { return write_down(ports, txn, *kept); },
        [&ports, kept, finish = std::move(finish)](Result<bool> out) {
          if (out) ports.history->forget(kept->slot.tenant);
          finish(std::move(out));
        });
  };
  run_again<bool>(round, std::move(done));
}

}  // namespace countersign::flow
