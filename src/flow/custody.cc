#include "flow/custody.h"

#include <algorithm>

#include "core/codec/base64.h"
#include "core/codec/hex.h"
#include "core/codec/json_write.h"
#include "flow/key_exchange.h"
#include "store/tenants.h"

namespace countersign::flow {
namespace {

constexpr std::size_t kTokenSize = 32;
constexpr std::string_view kTenantKind = "tenant", kSiemKind = "siem", kServiceKind = "service";

Change change_of(const Tenant& tenant, std::string action, std::string details) {
  return {.tenant = tenant.id, .action = std::move(action), .target_type = "account", .target_key = tenant.id.text(),
          .target_name = tenant.name, .details = std::move(details)};
}

std::string_view kind_of(RecipientKind kind) {
  switch (kind) {
    case RecipientKind::tenant: return kTenantKind;
    case RecipientKind::siem: return kSiemKind;
  }
  return {};
}

std::string_view word_of(LinkPurpose purpose) {
  switch (purpose) {
    case LinkPurpose::slot: return "slot";
    case LinkPurpose::renew: return "renew";
  }
  return {};
}

bool live_key_of_tenant(const store::RecipientKey& key) { return !key.retired && key.kind == kTenantKind; }

bool has_slot(const CustodyView& view, const history::RecipientId& id) {
  return std::ranges::any_of(view.slots, [&](const store::KeySlot& slot) { return slot.recipient == id; });
}

// Whether somebody at the tenant's side can open what is sealed from now on.
bool can_open(const CustodyView& view) {
  return std::ranges::any_of(view.recipients, [&](const store::RecipientKey& key) {
    return live_key_of_tenant(key) && has_slot(view, key.id);
  });
}

Error last_way() {
  return {Errc::conflict,
          "nobody at the tenant's side could open its history any more; make another slot first (custody link), or "
          "give custody back (custody set service)"};
}

std::string named(std::string_view key, std::string_view value, std::string_view name = {}) {
  codec::JsonWriter w;
  w.begin_object().key(key).string(value);
  if (!name.empty()) w.key("name").string(name);
  return w.end_object().take();
}

Result<void> retire_service_keys(store::Txn& txn, const CustodyView& view, Instant now) {
  for (const store::RecipientKey& key : view.recipients) {
    if (key.kind == kServiceKind && !key.retired) TRY(store::retire_recipient(txn, key.tenant, key.id, now));
  }
  return {};
}

}  // namespace

namespace custody {

Result<void> check_key(const Ports& ports, const crypto::X25519PublicKey& key) {
  if (crypto::X25519Key::generate(ports.random).agree(key)) return {};
  return Error{Errc::malformed, "this is no public key: nothing could be sealed to it"};
}

Result<void> room_for_one(const std::vector<store::RecipientKey>& recipients) {
  const auto live = std::ranges::count_if(recipients, [](const auto& key) { return !key.retired; });
  if (static_cast<std::size_t>(live) < history::kRecipientsMax) return {};
  return Error{Errc::exhausted, "a tenant has at most 8 recipients; retire one first (custody recipient retire)"};
}

const store::RecipientKey* passkey_key(const CustodyView& view) {
  const auto found = std::ranges::find_if(view.recipients, [&](const store::RecipientKey& key) {
    return live_key_of_tenant(key) && std::ranges::any_of(view.slots, [&](const store::KeySlot& slot) {
             return slot.recipient == key.id && slot.kind == "passkey";
           });
  });
  return found == view.recipients.end() ? nullptr : &*found;
}

Result<CustodyView> read(store::Txn& txn, const TenantId& tenant) {
  CustodyView out;
  std::optional<Tenant> found = TRY(store::tenant_by_id(txn, tenant));
  if (!found) return Error{Errc::not_found, "no such tenant"};
  out.tenant = *std::move(found);
  out.keeping = TRY(store::keeping_of(txn, tenant));
  out.recipients = TRY(store::recipients_of(txn, tenant));
  out.slots = TRY(store::key_slots_of(txn, tenant));
  return out;
}

}  // namespace custody

Result<CustodyView> custody_of(const Ports& ports, const TenantId& tenant) {
  return store::read(ports.store, [&](store::Txn& txn) { return custody::read(txn, tenant); });
}

Result<void> give_custody_to_tenant(const Administration& by, const Tenant& tenant, OldKeys old) {
  const bool forget = old == OldKeys::forget;
  codec::JsonWriter details;
  details.begin_object().key("custody").string("tenant").key("old_keys").string(forget ? "forgotten" : "kept");
  details.end_object();
  const Instant now = by.ports.clock.now();
  TRY(commit(by, change_of(tenant, "custody_update", details.take()), [&](store::Txn& txn) -> Result<void> {
    CustodyView view = TRY(custody::read(txn, tenant.id));
    if (!can_open(view)) {
      return Error{Errc::conflict,
                   "the tenant has no key of its own yet: make one with `custody link` in a browser, or with "
                   "`countersign reader init` and `custody recipient add`"};
    }
    TRY(retire_service_keys(txn, view, now));
    view.keeping.custody = store::Custody::tenant;
    return store::set_keeping(txn, tenant.id, view.keeping);
  }));
  by.ports.history->forget(tenant.id);  // what comes now begins an epoch for the tenant alone
  if (forget) {
    TRY(take_back_pairs(by.ports, tenant.id));
    TRY(by.ports.keys.forget_tenant_keys(tenant.id));
  }
  return {};
}

Result<void> give_custody_to_service(const Administration& by, const Tenant& tenant) {
  const CustodyView before = TRY(custody_of(by.ports, tenant.id));
  if (before.keeping.custody == store::Custody::service) {
    return Error{Errc::conflict, "the service keeps this tenant's keys already"};
  }
  store::RecipientKey key;
  key.tenant = tenant.id;
  key.key = TRY(by.ports.keys.make_tenant_key(tenant.id));
  TRY(offer_key(by.ports, tenant.id, keys::pair_name(key.key)));
  key.id = history::recipient_id(key.key);
  key.kind = key.name = kServiceKind;
  key.created = by.ports.clock.now();
  const std::string details = named("custody", "service");
  TRY(commit(by, change_of(tenant, "custody_update", details), [&](store::Txn& txn) -> Result<void> {
    CustodyView view = TRY(custody::read(txn, tenant.id));
    TRY(custody::room_for_one(view.recipients));
    TRY(store::insert_recipient(txn, key));
    view.keeping.custody = store::Custody::service;
    return store::set_keeping(txn, tenant.id, view.keeping);
  }));
  by.ports.history->forget(tenant.id);
  return {};
}

Result<store::RecipientKey> add_recipient(const Administration& by, const Tenant& tenant,
                                          const RecipientDraft& draft) {
  TRY(check_name(draft.name, "the name"));
  TRY(custody::check_key(by.ports, draft.key));
  store::RecipientKey key;
  key.tenant = tenant.id;
  key.key = draft.key;
  key.id = history::recipient_id(draft.key);
  key.kind = kind_of(draft.kind);
  key.name = draft.name;
  key.created = by.ports.clock.now();
  store::KeySlot slot;
  slot.tenant = tenant.id;
  slot.id = random_uuid(by.ports.random);
  slot.recipient = key.id;
  slot.kind = "command_line";
  slot.name = draft.name;
  slot.created = key.created;
  const std::string details = named("recipient", codec::to_hex(key.id), key.name);
  const Result<void> done =
      commit(by, change_of(tenant, "custody_recipient_add", details), [&](store::Txn& txn) -> Result<void> {
        const CustodyView view = TRY(custody::read(txn, tenant.id));
        TRY(custody::room_for_one(view.recipients));
        TRY(store::insert_recipient(txn, key));
        // A person's key has its slot in a file at the tenant's side; the server knows that there is one.
        if (draft.kind == RecipientKind::tenant) TRY(store::insert_key_slot(txn, slot));
        return {};
      });
  if (!done && done.error().code == Errc::conflict) {
    return Error{Errc::conflict, "the tenant has this recipient already, or had it before"};
  }
  if (!done) return done.error();
  by.ports.history->forget(tenant.id);
  return key;
}

Result<void> retire_recipient(const Administration& by, const Tenant& tenant, const history::RecipientId& id) {
  const Instant now = by.ports.clock.now();
  const std::string details = named("recipient", codec::to_hex(id));
  TRY(commit(by, change_of(tenant, "custody_recipient_retire", details), [&](store::Txn& txn) -> Result<void> {
    CustodyView view = TRY(custody::read(txn, tenant.id));
    const auto key = std::ranges::find_if(view.recipients, [&](const auto& one) { return one.id == id; });
    if (key == view.recipients.end() || key->retired) {
      return Error{Errc::not_found, "the tenant has no such recipient in use; `custody show` lists them"};
    }
    const bool of_tenant = view.keeping.custody == store::Custody::tenant;
    if (key->kind == kServiceKind) {
      return Error{Errc::conflict, "the service's own key is retired by `custody set tenant` and in no other way"};
    }
    key->retired = now;
    if (of_tenant && !can_open(view)) return last_way();
    TRY(store::retire_recipient(txn, tenant.id, id, now));
    return {};
  }));
  by.ports.history->forget(tenant.id);
  return {};
}

Result<void> remove_slot(const Administration& by, const Tenant& tenant, std::string_view slot) {
  const std::string details = named("slot", slot);
  return commit(by, change_of(tenant, "custody_slot_remove", details), [&](store::Txn& txn) -> Result<void> {
    CustodyView view = TRY(custody::read(txn, tenant.id));
    const auto gone = std::erase_if(view.slots, [&](const store::KeySlot& one) { return one.id == slot; });
    if (gone == 0) return Error{Errc::not_found, "the tenant has no such slot; `custody slot list` shows them"};
    if (view.keeping.custody == store::Custody::tenant && !can_open(view)) return last_way();
    TRY(store::delete_key_slot(txn, tenant.id, slot));
    return {};
  });
}

Result<MadeLink> make_custody_link(const Administration& by, const Tenant& tenant, LinkPurpose purpose) {
  const Ports& ports = by.ports;
  Bytes bytes(kTokenSize);
  ports.random.fill(bytes);
  const std::string token = codec::to_base64(codec::Base64::url, bytes);
  const Instant now = ports.clock.now();
  store::CustodyLink link;
  link.digest = TRY(ports.keys.token_digest("custody link", Secret(token)));
  link.tenant = tenant.id;
  link.purpose = word_of(purpose);
  link.expires = now + kCustodyLinkLifetime;
  const std::string details = named("purpose", link.purpose);
  TRY(commit(by, change_of(tenant, "custody_link_create", details), [&](store::Txn& txn) -> Result<void> {
    TRY(store::delete_custody_links(txn, now));
    return store::insert_custody_link(txn, link);
  }));
  // In the fragment, which is sent to no server and stands in no log.
  return MadeLink{ports.settings.public_url + "/reader/setup/#token=" + token, link.expires};
}

}  // namespace countersign::flow
