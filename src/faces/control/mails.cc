// What is in the mail, without a word of it.
#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/mail_outbox.h"

namespace countersign::control {
namespace {

Result<store::MailState> state_of(const Call& call) {
  const std::string given = TRY(call.args.text_or("state", "failed"));
  for (const store::MailState state : {store::MailState::queued, store::MailState::sent, store::MailState::failed}) {
    if (given == store::name(state)) return state;
  }
  return Error{Errc::malformed, "--state is queued, sent or failed"};
}

Result<void> list(const Call& call) {
  const store::MailState state = TRY(state_of(call));
  return flow::each_mail(call.by.ports, state, [&](const store::StoredMail& mail) {
    codec::JsonWriter w;
    w.begin_object().key("mail_id").string(mail.id).key("tenant_id");
    mail.tenant.empty() ? w.null() : w.string(mail.tenant.text());
    w.key("purpose").string(mail.purpose).key("reference").string(mail.reference);
    w.key("state").string(store::name(mail.state)).key("tries").integer(mail.tries).key("reply");
    mail.reply == 0 ? w.null() : w.integer(mail.reply);
    write_time(w, "posted", mail.posted);
    write_time(w, "ended", mail.ended);
    return call.row(w.end_object().take());
  });
}

Result<void> retry(const Call& call) {
  codec::JsonWriter w;
  w.begin_object().key("queued").integer(TRY(flow::retry_mails(call.by))).end_object();
  call.row(w.take());
  return {};
}

}  // namespace

std::vector<Command> mail_commands() {
  return {
      {.words = "mail list",
       .touch = kLists,
       .meaning = "Show mails that failed, wait or were sent, without address and text",
       .arguments = {{"state", Shape::option, Need::optional, "queued, sent or failed (default)"}},
       .rows = Rows::many,
       .run = list},
      {.words = "mail retry",
       .touch = kChanges,
       .meaning = "Try those that failed for another day",
       .arguments = {},
       .run = retry},
  };
}

}  // namespace countersign::control
