#include "store/mails.h"

#include <cstdlib>

namespace countersign::store {
namespace {

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

MailState state_of(std::string_view text) {
  for (const MailState state : {MailState::queued, MailState::sent}) {
    if (text == name(state)) return state;
  }
  return MailState::failed;
}

StoredMail read_mail(const Row& row) {
  return {.tenant = row.id<TenantId>(0),
          .id = std::string(row.text(1)),
          .purpose = std::string(row.text(2)),
          .reference = std::string(row.text(3)),
          .sealed = copy(row.bytes(4)),
          .state = state_of(row.text(5)),
          .posted = row.instant(6),
          .due = row.instant(7),
          .expires = row.instant(8),
          .ended = row.maybe_instant(9),
          .tries = row.integer(10),
          .reply = row.integer(11),
          .version = row.integer(12)};
}

}  // namespace

std::string_view name(MailState state) {
  switch (state) {
    case MailState::queued: return "queued";
    case MailState::sent: return "sent";
    case MailState::failed: return "failed";
  }
  std::abort();
}

Result<void> put_tenant_contact(Txn& txn, const TenantContact& contact) {
  TRY(txn.change(Query::put_tenant_contact, {contact.tenant, contact.sealed_address, contact.masked}));
  return {};
}

Result<std::optional<TenantContact>> tenant_contact(Txn& txn, const TenantId& tenant) {
  std::optional<TenantContact> out;
  TRY(txn.rows(Query::tenant_contact, {tenant}, [&](const Row& row) {
    out = TenantContact{row.id<TenantId>(0), copy(row.bytes(1)), std::string(row.text(2))};
  }));
  return out;
}

Result<bool> delete_tenant_contact(Txn& txn, const TenantId& tenant) {
  return TRY(txn.change(Query::delete_tenant_contact, {tenant})) == 1;
}

Result<bool> insert_mail(Txn& txn, const StoredMail& mail) {
  return TRY(txn.change(Query::insert_mail, {mail.tenant, mail.id, mail.purpose, mail.reference, mail.sealed,
                                             mail.posted, mail.due, mail.expires})) == 1;
}

Result<std::optional<StoredMail>> mail_by_id(Txn& txn, const TenantId& tenant, std::string_view id) {
  std::optional<StoredMail> out;
  TRY(txn.rows(Query::mail_by_id, {tenant, id}, [&](const Row& row) { out = read_mail(row); }));
  return out;
}

Result<std::vector<StoredMail>> due_mails(Txn& txn, Instant now, int limit) {
  std::vector<StoredMail> out;
  TRY(txn.rows(Query::due_mails, {now, limit}, [&](const Row& row) { out.push_back(read_mail(row)); }));
  return out;
}

Result<bool> lease_mail(Txn& txn, StoredMail& mail, Instant until) {
  if (TRY(txn.change(Query::lease_mail, {mail.tenant, mail.id, mail.version, until})) != 1) return false;
  mail.due = until;
  ++mail.tries;
  ++mail.version;
  return true;
}

Result<bool> settle_mail(Txn& txn, const StoredMail& mail) {
  return TRY(txn.change(Query::settle_mail,
                        {mail.tenant, mail.id, mail.version, name(mail.state), mail.due, mail.ended, mail.reply})) == 1;
}

Result<std::int64_t> requeue_failed_mails(Txn& txn, Instant now, Instant expires) {
  return txn.change(Query::requeue_failed_mails, {now, expires});
}

Result<std::int64_t> mails_page(Txn& txn, const MailsPage& page,
                                const std::function<void(const StoredMail&)>& on_mail) {
  return txn.rows(Query::mails_page, {name(page.state), page.after_tenant, page.after_id, page.limit},
                  [&](const Row& row) { on_mail(read_mail(row)); });
}

Result<std::int64_t> delete_mails_before(Txn& txn, Instant before, int limit) {
  return txn.change(Query::delete_mails_before, {before, limit});
}

}  // namespace countersign::store
