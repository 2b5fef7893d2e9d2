#include "flow/mail_outbox.h"

#include <algorithm>

#include "flow/breach_notices.h"
#include "flow/ledger.h"

namespace countersign::flow {
namespace {

constexpr int kLookedAt = 8;  // due ones, of which the first that nobody else has is taken
constexpr int kPage = 500;
constexpr seconds kBackOffMin{2}, kBackOffMax{900};

// A mail ends: it is not tried again, and its time is kept.
Result<bool> end(store::Txn& txn, store::StoredMail mail, store::MailState state, Instant now) {
  mail.state = state;
  mail.ended = now;
  return store::settle_mail(txn, mail);
}

Result<std::optional<store::StoredMail>> lease_one(const Ports& ports, seconds lease) {
  const Instant now = ports.clock.now();
  // Mostly nothing is due, and a read costs no commit.
  const auto due =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return store::due_mails(txn, now, kLookedAt); }));
  if (due.empty()) return std::optional<store::StoredMail>();
  return store::write_and_wait(ports.store, [&](store::Txn& txn) -> Result<std::optional<store::StoredMail>> {
    for (store::StoredMail mail : due) {
      if (mail.expires <= now) {
        TRY(end(txn, mail, store::MailState::failed, now));
      } else if (TRY(store::lease_mail(txn, mail, now + lease))) {
        return std::optional(std::move(mail));
      }
    }
    return std::optional<store::StoredMail>();
  });
}

Result<void> taken(store::Txn& txn, store::StoredMail mail, Instant now) {
  // Whoever has leased it meanwhile need not send it again.
  const auto stored = TRY(store::mail_by_id(txn, mail.tenant, mail.id));
  if (!stored || stored->state == store::MailState::sent) return {};
  mail.version = stored->version;
  TRY(end(txn, mail, store::MailState::sent, now));
  if (mail.purpose != kBreachNotice) return {};
  store::BreachNotice notice;
  notice.id = mail.reference;
  notice.tenant = mail.tenant;
  TRY(store::mark_breach_notice(txn, notice, store::NoticeState::delivered, now));
  return {};
}

}  // namespace

Result<std::optional<ClaimedMail>> claim_mail(const Ports& ports, seconds lease) {
  auto mail = TRY(lease_one(ports, lease));
  if (!mail) return std::optional<ClaimedMail>();
  const Result<Secret> plain = ports.keys.unseal(mail_place(*mail), mail->sealed);
  if (!plain && plain.error().code == Errc::unavailable) return plain.error();
  Result<MailContent> content = plain ? decode_mail_content(plain->reveal()) : Result<MailContent>(plain.error());
  if (content) return std::optional(ClaimedMail{*std::move(mail), *std::move(content)});
  TRY(settle_mail(ports, *mail, {.end = MailEnd::refused}));  // the row was altered: no try would help
  return Error{Errc::refused, "a mail does not open"};
}

seconds mail_back_off(std::int64_t tries) {
  const std::int64_t doublings = std::clamp<std::int64_t>(tries - 1, 0, 9);
  return std::min(seconds(kBackOffMin.count() << doublings), kBackOffMax);
}

Result<void> settle_mail(const Ports& ports, const store::StoredMail& mail, MailOutcome outcome) {
  TRY(store::write_and_wait(ports.store, [&](store::Txn& txn) -> Result<bool> {
    const Instant now = ports.clock.now();
    store::StoredMail next = mail;
    next.reply = outcome.reply;
    switch (outcome.end) {
      case MailEnd::taken: TRY(taken(txn, next, now)); return true;
      case MailEnd::refused: return end(txn, next, store::MailState::failed, now);
      case MailEnd::later: break;
    }
    next.due = now + mail_back_off(mail.tries);
    if (next.due >= mail.expires) return end(txn, next, store::MailState::failed, now);
    return store::settle_mail(txn, next);
  }));
  return {};
}

Result<void> each_mail(const Ports& ports, store::MailState state,
                       const std::function<bool(const store::StoredMail&)>& on_mail) {
  store::MailsPage page{.state = state, .limit = kPage};
  for (;;) {
    std::vector<store::StoredMail> rows;
    TRY(store::read(ports.store, [&](store::Txn& txn) {
      rows.clear();
      return store::mails_page(txn, page, [&](const store::StoredMail& one) { rows.push_back(one); });
    }));
    for (const store::StoredMail& one : rows) {
      if (!on_mail(one)) return {};
    }
    if (rows.size() < static_cast<std::size_t>(kPage)) return {};
    page.after_tenant = rows.back().tenant;
    page.after_id = rows.back().id;
  }
}

Result<std::int64_t> retry_mails(const Administration& by) {
  ledger::Event event = begin_event(by.ports, ledger::EventType::config_change, TenantId(), ledger_actor(by.actor));
  event.object = "mail_retry";
  const Instant now = by.ports.clock.now();
  const auto count = TRY(store::write_and_wait(by.ports.store, [&](store::Txn& txn) -> Result<std::int64_t> {
    const std::int64_t queued = TRY(store::requeue_failed_mails(txn, now, now + kMailLifetime));
    TRY(record(txn, {event}));
    return queued;
  }));
  by.ports.wake(kMailKey);
  return count;
}

}  // namespace countersign::flow
