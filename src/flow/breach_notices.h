// Notices of a breach: to each exposed user on his authenticator and by mail, and one to the tenant's address. Never
// to a telephone number, which may be what leaked (security.md §2.5). Each has a code, by which it is known to be real.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "flow/bundle.h"
#include "flow/mail.h"
#include "store/breach.h"

namespace countersign::flow {

struct NoticesQuery {
  std::string scope;
  std::optional<TenantId> tenant{};  // nullopt: all that the scope names
};

// The purpose of their mails; a mail's reference is the notice's id.
inline constexpr std::string_view kBreachNotice = "breach_notice";

struct PreparedNotice {
  store::BreachNotice notice;
  Secret code;           // of a new one to the administrator that no mail takes there: for his letter; else empty
  bool in_app = false;   // stands on an authenticator
  bool by_mail = false;  // is posted
  std::string not_mailed{};  // why not, of one to the administrator: he is told by other means
};
struct NoticedTenant {
  TenantId tenant;
  std::string users_unknown;  // why users were not told; empty: all of whom the rows are about
};

// One notice as a letter, with its code in groups; `to` nullptr: to the administrator.
using WriteNotice = std::function<Result<Letter>(const BundleFacts& facts, const User* to, const std::string& code)>;

struct NotifyPorts {
  WriteNotice write;
  std::function<void(const PreparedNotice&)> on_notice;
  std::function<void(const NoticedTenant&)> on_tenant;
};

// One for each administrator and user, once: asking again tells only those who were not told yet. A notice, what the
// authenticator gets and the mail stand in one transaction; the ledger says how many.
// not_found: no such scope, or it does not name that tenant.
Result<void> notify(const Administration& by, const NoticesQuery& query, const NotifyPorts& ports);

// Those of a scope, in the order of their ids.
Result<void> each_notice(const Ports& ports, const std::string& scope,
                         const std::function<bool(const store::BreachNotice&)>& on_notice);

// The notice that bears this code, or none; the same work either way. Spaces, dashes and case do not count.
Result<std::optional<store::BreachNotice>> notice_of_code(const Ports& ports, std::string_view code);

// What whoever holds a notice may know of it.
struct CheckedNotice {
  store::BreachNotice notice;
  std::string tenant_name;
  std::string scope;
  ScopeQuery about;
};
enum class NoticeAct { open, acknowledge };
// The same for the page on which people check: a real one is marked as opened, or as read and understood.
void check_notice(const Ports& ports, std::string code, NoticeAct act, Done<std::optional<CheckedNotice>> done);

}  // namespace countersign::flow
