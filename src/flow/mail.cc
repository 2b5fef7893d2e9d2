#include "flow/mail.h"

#include <algorithm>

#include "core/codec/hex.h"
#include "core/codec/json_write.h"
#include "core/codec/utf8.h"
#include "core/crypto/hash.h"
#include "core/identity/mail_address.h"
#include "flow/mail_content.h"

namespace countersign::flow {
namespace {

keys::Place contact_place(const TenantId& tenant) {
  return {.tenant = tenant, .table = "tenant_contacts", .column = "address", .row = tenant.text()};
}

bool one_line(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<void> check(const Letter& letter) {
  if (letter.subject.empty() || letter.subject.size() > kMailSubjectMax || !one_line(letter.subject)) {
    return Error{Errc::malformed, "a mail's subject is one line of at most 200 bytes"};
  }
  if (letter.text.empty() || letter.text.size() > kMailTextMax || letter.html.size() > kMailTextMax) {
    return Error{Errc::malformed, "a mail's text has at most 64 KiB"};
  }
  for (const std::string* text : {&letter.purpose, &letter.reference, &letter.subject, &letter.text, &letter.html}) {
    if (!codec::valid_text(*text)) return Error{Errc::malformed, "a mail is UTF-8"};
  }
  return {};
}

std::string id_of(const Letter& letter) {
  const std::string text = letter.purpose + "/" + letter.reference;
  return codec::to_hex(crypto::hash(crypto::HashKind::sha256, bytes_of(text))).substr(0, 32);
}

Result<store::StoredMail> seal(const Ports& ports, const TenantId& tenant, const Letter& letter,
                               std::string_view address) {
  TRY(check(letter));
  store::StoredMail out;
  out.tenant = tenant;
  out.id = id_of(letter);
  out.purpose = letter.purpose;
  out.reference = letter.reference;
  out.posted = out.due = ports.clock.now();
  out.expires = out.posted + kMailLifetime;
  const MailContent content{std::string(address), letter.subject, letter.text, letter.html};
  out.sealed = TRY(ports.keys.seal(mail_place(out), encode(content)));
  return out;
}

}  // namespace

Result<std::optional<store::StoredMail>> seal_mail_to_contact(const Ports& ports, const TenantId& tenant,
                                                              const Letter& letter) {
  if (ports.settings.mail == Mailing::none) return std::optional<store::StoredMail>();
  const auto contact =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return store::tenant_contact(txn, tenant); }));
  if (!contact) return std::optional<store::StoredMail>();
  const Secret address = TRY(ports.keys.unseal(contact_place(tenant), contact->sealed_address));
  return std::optional(TRY(seal(ports, tenant, letter, address.reveal())));
}

Result<std::optional<store::StoredMail>> seal_mail_to_user(const Ports& ports, const User& user, const Letter& letter) {
  if (ports.settings.mail == Mailing::none || !check_mail_address(user.email))
    return std::optional<store::StoredMail>();
  return std::optional(TRY(seal(ports, user.tenant, letter, user.email)));
}

Result<bool> post(const Ports& ports, store::Txn& txn, const store::StoredMail& mail) {
  if (!TRY(store::insert_mail(txn, mail))) return false;
  txn.after_commit([&ports] { ports.wake(kMailKey); });
  return true;
}

Result<void> set_tenant_contact(const Administration& by, const Tenant& tenant, std::string_view address) {
  const std::string masked = address.empty() ? "" : masked_mail_address(address);
  store::TenantContact contact{tenant.id, {}, masked};
  if (!address.empty()) {
    TRY(check_mail_address(address));
    contact.sealed_address = TRY(by.ports.keys.seal(contact_place(tenant.id), Secret(address)));
  }
  codec::JsonWriter w;
  w.begin_object().key("contact_mail").string(masked).end_object();
  const Change change{.tenant = tenant.id,
                      .action = "account_update",
                      .target_type = "account",
                      .target_key = tenant.id.text(),
                      .target_name = tenant.name,
                      .details = w.take()};
  return commit(by, change, [&](store::Txn& txn) -> Result<void> {
    if (!address.empty()) return store::put_tenant_contact(txn, contact);
    TRY(store::delete_tenant_contact(txn, tenant.id));
    return {};
  });
}

Result<std::string> masked_contact(const Ports& ports, const TenantId& tenant) {
  const auto contact =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return store::tenant_contact(txn, tenant); }));
  return contact ? contact->masked : std::string();
}

}  // namespace countersign::flow
