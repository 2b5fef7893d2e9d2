// Who keeps the keys of a tenant's history (docs/operating/custody.md).
#include <algorithm>

#include "core/codec/base64.h"
#include "core/codec/hex.h"
#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/custody.h"

namespace countersign::control {
namespace {

std::string base64(ByteView bytes) { return codec::to_base64(codec::Base64::url, bytes); }

void write(codec::JsonWriter& to, const store::RecipientKey& key) {
  to.key("recipient_id").string(codec::to_hex(key.id)).key("kind").string(key.kind).key("name").string(key.name);
  to.key("public_key").string(base64(key.key.bytes()));
  write_time(to, "created", key.created);
  write_time(to, "retired", key.retired);
}

void write(codec::JsonWriter& to, const store::KeySlot& slot) {
  to.key("slot_id").string(slot.id).key("kind").string(slot.kind).key("name").string(slot.name);
  to.key("recipient_id").string(codec::to_hex(slot.recipient));
  write_time(to, "created", slot.created);
}

template <class T>
std::string one(const T& thing) {
  codec::JsonWriter w;
  w.begin_object();
  write(w, thing);
  return w.end_object().take();
}

template <class T>
void list(codec::JsonWriter& to, std::string_view key, const std::vector<T>& things) {
  to.key(key).begin_array();
  for (const T& thing : things) to.raw(one(thing));
  to.end_array();
}

Result<void> show(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const flow::CustodyView view = TRY(flow::custody_of(call.by.ports, tenant.id));
  codec::JsonWriter w;
  w.begin_object().key("tenant_id").string(tenant.id.text());
  w.key("custody").string(store::name(view.keeping.custody));
  list(w, "recipients", view.recipients);
  list(w, "slots", view.slots);
  call.row(w.end_object().take());
  return {};
}

Result<void> set(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const std::string custody = TRY(call.args.text("custody"));
  const bool forget = TRY(call.args.flag("forget-old"));
  if (custody != "service" && custody != "tenant") {
    return Error{Errc::malformed, "custody: must be service or tenant"};
  }
  if (custody == "service" && forget) {
    return Error{Errc::malformed, "forget-old: goes with `custody set tenant` alone"};
  }
  if (custody == "service") {
    TRY(flow::give_custody_to_service(call.by, tenant));
  } else {
    TRY(flow::give_custody_to_tenant(call.by, tenant, forget ? flow::OldKeys::forget : flow::OldKeys::keep));
  }
  return show(call);
}

Result<void> make_link(const Call& call, flow::LinkPurpose purpose) {
  const Tenant tenant = TRY(the_tenant(call));
  const flow::MadeLink link = TRY(flow::make_custody_link(call.by, tenant, purpose));
  codec::JsonWriter w;
  w.begin_object().key("url").string(link.url);
  write_time(w, "expires", link.expires);
  call.row(w.end_object().take());
  return {};
}
Result<void> link(const Call& call) { return make_link(call, flow::LinkPurpose::slot); }
Result<void> renew(const Call& call) { return make_link(call, flow::LinkPurpose::renew); }

Result<void> recipient_add(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  flow::RecipientDraft draft;
  draft.name = TRY(call.args.text("name"));
  if (TRY(call.args.flag("siem"))) draft.kind = flow::RecipientKind::siem;
  const std::string text = TRY(call.args.text("key"));
  const Result<Bytes> bytes = codec::from_base64(codec::Base64::url, text);
  const Result<crypto::X25519PublicKey> key =
      bytes ? crypto::X25519PublicKey::from_bytes(*bytes) : Result<crypto::X25519PublicKey>(bytes.error());
  if (!key) return Error{Errc::malformed, "key: must be a public key as `countersign reader init` prints it"};
  draft.key = *key;
  call.row(one(TRY(flow::add_recipient(call.by, tenant, draft))));
  return {};
}

Result<void> recipient_retire(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const std::string text = TRY(call.args.text("recipient"));
  const Result<Bytes> bytes = codec::from_hex(text);
  history::RecipientId id{};
  if (!bytes || bytes->size() != id.size()) {
    return Error{Errc::malformed, "recipient: must be an id as `custody show` prints it"};
  }
  std::ranges::copy(*bytes, id.begin());
  TRY(flow::retire_recipient(call.by, tenant, id));
  return show(call);
}

Result<void> slot_list(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const flow::CustodyView view = TRY(flow::custody_of(call.by.ports, tenant.id));
  for (const store::KeySlot& slot : view.slots) {
    if (!call.row(one(slot))) break;
  }
  return {};
}

Result<void> slot_remove(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const std::string slot = TRY(call.args.text("slot"));
  TRY(flow::remove_slot(call.by, tenant, slot));
  codec::JsonWriter w;
  w.begin_object().key("slot_id").string(slot);
  w.key("next").string("whoever had this slot may know the tenant's key itself: have it renewed, with `custody renew`");
  call.row(w.end_object().take());
  return {};
}

}  // namespace

std::vector<Command> custody_commands() {
  return {
      {.words = "custody show", .touch = kLists, .meaning = "Show who keeps the keys of a tenant's history",
       .arguments = {kTenant}, .run = show},
      {.words = "custody set", .touch = kChanges, .meaning = "Say who keeps them: the service, or the tenant itself",
       .arguments = {kTenant,
                     {"custody", Shape::positional, Need::required, "service or tenant"},
                     {"forget-old", Shape::flag, Need::optional,
                      "Destroy the service's private keys: what was sealed to them opens no more"}},
       .run = set},
      {.words = "custody link", .touch = kChanges,
       .meaning = "Make a one-time link with which the tenant's administrator makes its key, or adds a passkey",
       .arguments = {kTenant}, .run = link},
      {.words = "custody renew", .touch = kChanges,
       .meaning = "Make a one-time link with which the tenant makes another key in place of its key",
       .arguments = {kTenant}, .run = renew},
      {.words = "custody recipient add", .touch = kChanges, .meaning = "Seal new history to one more public key",
       .arguments = {kTenant,
                     {"key", Shape::option, Need::required, "The public key, as `countersign reader init` prints it"},
                     {"name", Shape::option, Need::required, "Whose it is"},
                     {"siem", Shape::flag, Need::optional, "Of a program that takes everything, not of a person"}},
       .run = recipient_add},
      {.words = "custody recipient retire", .touch = kChanges, .meaning = "Seal no more to a public key",
       .arguments = {kTenant, {"recipient", Shape::positional, Need::required, "Its id, from `custody show`"}},
       .run = recipient_retire},
      {.words = "custody slot list", .touch = kLists, .meaning = "Show the ways to the tenant's keys",
       .arguments = {kTenant}, .rows = Rows::many, .run = slot_list},
      {.words = "custody slot remove", .touch = kChanges, .meaning = "Take one way away; renew the key afterwards",
       .arguments = {kTenant, {"slot", Shape::positional, Need::required, "Its id, from `custody slot list`"}},
       .run = slot_remove},
  };
}

}  // namespace countersign::control
