// The sender's side of mails: take one that is due, say what became of it.
#pragma once

#include <optional>

#include "flow/mail.h"
#include "flow/mail_content.h"

namespace countersign::flow {

struct ClaimedMail {
  store::StoredMail stored;
  MailContent content;
};
// A mail that is due and belongs to the caller until the lease ends, or none; those that have run out are given up.
// Blocks until the commit. Of two nodes only one gets a mail.   unavailable: the store or the keys are away.
Result<std::optional<ClaimedMail>> claim_mail(const Ports& ports, seconds lease);

enum class MailEnd {
  taken,    // it is the mail server's now
  refused,  // trying again would change nothing
  later,
};
struct MailOutcome {
  MailEnd end = MailEnd::later;
  int reply = 0;  // the mail server's last code; 0: none
};

// How long to wait after that many tries: 2 s, doubled up to 15 minutes.
seconds mail_back_off(std::int64_t tries);

// Writes down what became of it, and that a notice was delivered. Blocks until the commit.
Result<void> settle_mail(const Ports& ports, const store::StoredMail& mail, MailOutcome outcome);

// Mails without content, in the order of their tenants.
Result<void> each_mail(const Ports& ports, store::MailState state,
                       const std::function<bool(const store::StoredMail&)>& on_mail);
// Those that were given up are tried for another day; how many.
Result<std::int64_t> retry_mails(const Administration& by);

}  // namespace countersign::flow
