// What a user is told on the authenticators, apart from requests: sealed short texts, and a look for the other phones.
#pragma once

#include <string>
#include <vector>

#include "core/identity/user.h"
#include "flow/ports.h"
#include "store/push.h"

namespace countersign::flow {

inline constexpr int kNoticesShown = 50;
inline constexpr std::chrono::days kNoticesKept{90};

enum class NoticeKind {
  factor_added,
  factor_removed,
  attack_stopped,
  weaker_method,  // somebody who has a passkey signed in without it
  cookie_copied,  // two browsers have shown one cookie
  breach,         // records of sign-ins were exposed (flow/breach_notices.h)
};
std::string_view name(NoticeKind kind);

struct NoticeDraft {
  NoticeKind kind = NoticeKind::factor_added;
  std::string text;        // a sentence or two for its reader; nothing that a stranger could have written
  std::string id{};        // of the breach notice that it is; empty: one is made
};
// Before the write.
Result<store::StoredNotice> seal_notice(const Ports& ports, const User& user, const NoticeDraft& draft);
Result<store::StoredNotice> seal_notice(const Ports& ports, const Phone& phone, const NoticeDraft& draft);
// Inside it: the notice, and a look for every phone of the user but `cause`. Nothing where no authenticator is bound.
// Wake kOutboxKey after the commit.
Result<void> note(const Ports& ports, store::Txn& txn, const store::StoredNotice& notice, const PhoneId& cause = {});

struct Notice {
  std::string id;
  std::string kind;
  std::string text;
  Instant created{};
};
// The user's, newest first, at most kNoticesShown. A breach notice among them is delivered with that.
Result<std::vector<Notice>> notices_of(const Ports& ports, const Phone& phone);

}  // namespace countersign::flow
