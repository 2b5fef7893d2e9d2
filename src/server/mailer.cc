#include "server/mailer.h"

#include <algorithm>
#include <cstdlib>

#include "delivery/mail/message.h"

namespace countersign::server {
namespace {

constexpr int kSenders = 2;
constexpr seconds kLeaseBeyond{15};       // of a claimed mail, beyond what sending may take
constexpr milliseconds kAtLatest{1'000};  // how soon a mail is found that nobody was woken for
constexpr int kPauseDoublingsMax = 6;     // 64 s

}  // namespace

Mailer::Mailer(MailerPorts ports, mail::ServerOptions options) : ports_(ports), options_(std::move(options)) {
  for (int i = 0; i < kSenders; ++i) threads_.emplace_back([this] { send_all(); });
}

Mailer::~Mailer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  look_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Mailer::send_all() {
  mail::Smtp smtp(options_, stopping_);
  for (;;) {
    const net::Wakeups::Seen seen = ports_.wakeups.seen();
    while (!paused() && send_one(smtp)) continue;
    if (!wait_since(seen)) return;
  }
}

// False: the end.
bool Mailer::wait_since(net::Wakeups::Seen seen) {
  const auto poke = [this] {
    {
      const std::lock_guard lock(mutex_);
      ++pokes_;
    }
    look_.notify_all();
  };
  std::int64_t before = 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    before = pokes_;
  }
  const auto waiter = ports_.wakeups.wait_for(std::string(flow::kMailKey), seen, poke);
  std::unique_lock lock(mutex_);
  if (waiter.state() != net::Wakeups::State::woken) {
    look_.wait_for(lock, kAtLatest, [&] { return stopping_ || pokes_ != before; });
  }
  return !stopping_;
}

bool Mailer::paused() {
  const std::lock_guard lock(mutex_);
  return stopping_ || ports_.flow.clock.now() < paused_;
}

void Mailer::reached() {
  const std::lock_guard lock(mutex_);
  failures_ = 0;
  paused_ = Instant();
}

void Mailer::missed(std::string_view what) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = failures_ == 0;
    paused_ = ports_.flow.clock.now() + seconds(1 << std::min(failures_, kPauseDoublingsMax));
    ++failures_;
  }
  if (first) ports_.log.warn("mail.unreachable", oplog::field(record::detail, what));
}

// True when there may be more.
bool Mailer::send_one(mail::Smtp& smtp) {
  const seconds lease = std::chrono::ceil<seconds>(options_.timeout) + kLeaseBeyond;
  const auto mail = flow::claim_mail(ports_.flow, lease);
  if (!mail) {
    ports_.log.warn("mail.not_claimed", oplog::field(record::detail, mail.error().what));
    return mail.error().code == Errc::refused;
  }
  if (!*mail) return false;
  const Result<void> settled = flow::settle_mail(ports_.flow, (*mail)->stored, hand_over(smtp, **mail));
  // It comes again when its lease ends, with the same Message-ID.
  if (!settled) ports_.log.warn("mail.not_settled", oplog::field(record::detail, settled.error().what));
  return settled.has_value();
}

flow::MailOutcome Mailer::hand_over(mail::Smtp& smtp, const flow::ClaimedMail& mail) {
  const flow::MailContent& content = mail.content;
  const auto message = mail::write_message({.from = options_.from,
                                            .to = content.to,
                                            .id = mail.stored.id + mail.stored.tenant.text(),
                                            .date = mail.stored.posted,
                                            .subject = content.subject,
                                            .text = content.text,
                                            .html = content.html});
  const mail::Outcome outcome =
      message ? smtp.send(content.to, *message) : mail::Outcome{mail::End::refused, 0, "not a mail"};
  const auto say = [&](auto told) {
    ports_.log.warn(told, oplog::field(record::tenant_id, mail.stored.tenant),
                    oplog::field(record::reference, mail.stored.id), oplog::field(record::code, outcome.reply),
                    oplog::field(record::detail, outcome.what));
  };
  switch (outcome.end) {
    case mail::End::taken:
      ++ports_.counts.sent;
      reached();
      return {flow::MailEnd::taken, outcome.reply};
    case mail::End::refused:
      ++ports_.counts.refused;
      reached();
      say(oplog::EventName("mail.refused"));
      return {flow::MailEnd::refused, outcome.reply};
    case mail::End::later:
      ++ports_.counts.later;
      reached();
      say(oplog::EventName("mail.put_off"));
      return {flow::MailEnd::later, outcome.reply};
    case mail::End::unreachable:
      ++ports_.counts.later;
      if (!stopping_) missed(outcome.what);
      return {flow::MailEnd::later, outcome.reply};
  }
  std::abort();
}

}  // namespace countersign::server
