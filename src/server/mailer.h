// Sends what the table of mails holds, through the operator's mail server, on two threads of its own: a mail server
// that is away delays nothing else.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "delivery/mail/smtp.h"
#include "flow/mail_outbox.h"
#include "net/wakeups.h"
#include "oplog/log.h"

namespace countersign::server {

// Mails tried, by what became of them.
struct MailCounts {
  std::atomic<std::int64_t> sent = 0, refused = 0, later = 0;
};

struct MailerPorts {
  const flow::Ports& flow;
  net::Wakeups& wakeups;
  oplog::Log& log;
  MailCounts& counts;
};

class Mailer {
  MailerPorts ports_;
  mail::ServerOptions options_;
  std::mutex mutex_;
  std::condition_variable look_;
  std::atomic<bool> stopping_ = false;
  std::int64_t pokes_ = 0;
  int failures_ = 0;   // in a row: the server could not be reached
  Instant paused_{};   // until then it is left alone
  std::vector<std::thread> threads_;

 public:
  // Runs until it is destroyed, which gives up mails under way within a second: they come again.
  Mailer(MailerPorts ports, mail::ServerOptions options);
  ~Mailer();

 private:
  void send_all();
  bool wait_since(net::Wakeups::Seen seen);
  bool paused();
  bool send_one(mail::Smtp& smtp);
  flow::MailOutcome hand_over(mail::Smtp& smtp, const flow::ClaimedMail& mail);
  void reached();
  void missed(std::string_view what);
};

}  // namespace countersign::server
