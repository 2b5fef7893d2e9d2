// links: core_identity delivery_mail
// Whatever is taken for an address stands alone in its line of a message, and no text begins another header.
#include "core/identity/mail_address.h"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "delivery/mail/message.h"

using countersign::check_mail_address;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  countersign::mail::Message message{.from = "a@b", .to = "c@d", .id = "1", .subject = text, .text = text, .html = text};
  const auto with_subject = countersign::mail::write_message(message);
  if (with_subject) {
    const std::size_t head = with_subject->find("\r\n\r\n");
    if (with_subject->substr(0, head).find("\r\nBcc") != std::string::npos) std::abort();
    for (const char c : *with_subject) {
      if (c != '\r' && c != '\n' && (c < 0x20 || c == 0x7f)) std::abort();
    }
  }
  if (!check_mail_address(text)) return 0;
  if (text.size() > countersign::kMailAddressMax || text.find_first_of(" <>\r\n\",;:\\") != text.npos) std::abort();
  message.to = text;
  message.subject = "s";
  if (!countersign::mail::write_message(message)) std::abort();
  return 0;
}
