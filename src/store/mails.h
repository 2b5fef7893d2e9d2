// Mails to be sent, and the addresses of tenants to which they go.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "store/store.h"

namespace countersign::store {

struct TenantContact {
  TenantId tenant;
  Bytes sealed_address;  // service class
  std::string masked;    // for screens
};
// In the place of an older one.
Result<void> put_tenant_contact(Txn& txn, const TenantContact& contact);
Result<std::optional<TenantContact>> tenant_contact(Txn& txn, const TenantId& tenant);
Result<bool> delete_tenant_contact(Txn& txn, const TenantId& tenant);

enum class MailState { queued, sent, failed };
std::string_view name(MailState state);

struct StoredMail {
  TenantId tenant;         // empty: the operator's own
  std::string id;          // of purpose and reference
  std::string purpose, reference;
  Bytes sealed;            // service class: to whom and what (flow/mail.h); empty once it was sent
  MailState state = MailState::queued;
  Instant posted{};
  Instant due{};           // not before; while somebody sends it, the end of the lease
  Instant expires{};       // given up then
  std::optional<Instant> ended = std::nullopt;
  std::int64_t tries = 0;
  std::int64_t reply = 0;  // the mail server's last code; 0: none
  std::int64_t version = 0;
};
// False: that purpose and reference were posted already.
Result<bool> insert_mail(Txn& txn, const StoredMail& mail);
Result<std::optional<StoredMail>> mail_by_id(Txn& txn, const TenantId& tenant, std::string_view id);
// Of every tenant, longest due first.
Result<std::vector<StoredMail>> due_mails(Txn& txn, Instant now, int limit);
// Takes a mail that was read for sending until `until`, when it is due again; counts a try. `mail` is as it stands
// then. False: another node was faster.
Result<bool> lease_mail(Txn& txn, StoredMail& mail, Instant until);
// State, times, reply and what is left of the content, on the version read. False: it was leased anew meanwhile.
Result<bool> settle_mail(Txn& txn, const StoredMail& mail);
// Those that were given up are due at once and for as long as `expires` says. The number of mails.
Result<std::int64_t> requeue_failed_mails(Txn& txn, Instant now, Instant expires);

// Without content, in the order of tenant and id.
struct MailsPage {
  MailState state = MailState::failed;
  TenantId after_tenant{};
  std::string after_id{};
  int limit = 0;
};
Result<std::int64_t> mails_page(Txn& txn, const MailsPage& page, const std::function<void(const StoredMail&)>& on_mail);
Result<std::int64_t> delete_mails_before(Txn& txn, Instant before, int limit);  // that ended before

}  // namespace countersign::store
