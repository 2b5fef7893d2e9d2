// What a mail says and to whom, as it is sealed in the table of mails.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "flow/ports.h"
#include "store/mails.h"

namespace countersign::flow {

struct MailContent {
  std::string to;  // an address as core/identity/mail_address.h takes it
  std::string subject;
  std::string text;
  std::string html;  // empty: none
};

Secret encode(const MailContent& content);
// malformed: not what encode() wrote.
Result<MailContent> decode_mail_content(std::string_view text);

keys::Place mail_place(const store::StoredMail& mail);

}  // namespace countersign::flow
