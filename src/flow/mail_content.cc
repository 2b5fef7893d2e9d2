#include "flow/mail_content.h"

#include "core/codec/fields.h"
#include "core/identity/mail_address.h"

namespace countersign::flow {
namespace {

constexpr std::string_view kVersion = "1;";
constexpr std::size_t kContentMax = 256 * 1024;

}  // namespace

Secret encode(const MailContent& content) {
  codec::FieldWriter out(kVersion);
  for (const std::string* text : {&content.to, &content.subject, &content.text, &content.html}) out.put(*text);
  return Secret(out.take());
}

Result<MailContent> decode_mail_content(std::string_view text) {
  codec::FieldReader in(text, kVersion, kContentMax);
  MailContent out;
  for (std::string* field : {&out.to, &out.subject, &out.text, &out.html}) *field = in.text();
  if (!in.whole()) return Error{Errc::malformed, "not a mail as it was sealed"};
  TRY(check_mail_address(out.to));
  return out;
}

keys::Place mail_place(const store::StoredMail& mail) {
  return {.tenant = mail.tenant, .table = "mails", .column = "content", .row = mail.id};
}

}  // namespace countersign::flow
