// Mails: written by a use case into its own transaction, sent afterwards through the operator's mail server, and not
// lost by a crash. Whoever writes one seals it first, as keys are never asked inside a write (design §5):
//
//   const auto mail = TRY(seal_mail_to_contact(ports, tenant, letter));   before the write; nullopt: nobody reads it
//   if (mail) TRY(post(ports, txn, *mail));                               inside it
//
// Told in no log and no table: address, subject and text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/identity/user.h"
#include "flow/administer.h"
#include "flow/ports.h"
#include "store/mails.h"

namespace countersign::flow {

// What whoever sends mails waits for; post() wakes it after the commit.
inline constexpr std::string_view kMailKey = "mail";

inline constexpr seconds kMailLifetime{24 * 3600};  // so long it is tried
inline constexpr std::chrono::days kMailsKept{90};   // without content, once sent; for `mail list`

inline constexpr std::size_t kMailSubjectMax = 200;      // bytes
inline constexpr std::size_t kMailTextMax = 64 * 1024;   // bytes, of each form

struct Letter {
  std::string purpose;    // "breach_notice", "break_glass", …: open, and the same for all of a kind
  std::string reference;  // open; with the purpose it names this mail of this tenant: it is sent once
  std::string subject;    // one line
  std::string text;       // lines end with \n
  std::string html;       // a whole page that loads nothing; empty: there is only text
};

// nullopt: this server sends no mail (`mail.url`), or the tenant has named no address (`tenant set`), or the user has
// none that can be written to.   malformed: a line break in the subject, a size, no UTF-8.
Result<std::optional<store::StoredMail>> seal_mail_to_contact(const Ports& ports, const TenantId& tenant,
                                                              const Letter& letter);
Result<std::optional<store::StoredMail>> seal_mail_to_user(const Ports& ports, const User& user, const Letter& letter);

// False: the same purpose and reference were posted to this tenant before, and that mail stands.
Result<bool> post(const Ports& ports, store::Txn& txn, const store::StoredMail& mail);

// Where a tenant's notices go. An empty address: nowhere any more.   malformed: not an address.
Result<void> set_tenant_contact(const Administration& by, const Tenant& tenant, std::string_view address);
// Masked; empty: there is none.
Result<std::string> masked_contact(const Ports& ports, const TenantId& tenant);

}  // namespace countersign::flow
