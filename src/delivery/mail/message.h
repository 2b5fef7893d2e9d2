// A mail as it goes over the wire (RFC 5322, RFC 2045 to 2047): text, and beside it the same as a page where there is
// one.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/time.h"

namespace countersign::mail {

inline constexpr std::size_t kSubjectMax = 998;  // bytes; RFC 5322 §2.1.1 has no line longer

struct Message {
  std::string from, to;  // addresses as core/identity/mail_address.h takes them
  std::string id;        // letters and digits; the same each time it is tried (RFC 5322 §3.6.4)
  Instant date{};
  std::string subject;
  std::string text;
  std::string html;      // empty: none
};

// With CRLF at the end of every line, none longer than 78 characters, and nothing but ASCII.
// malformed: an address, or an id or subject that would begin another header line.
Result<std::string> write_message(const Message& message);

// A header's text (RFC 2047): as it is where it is short ASCII, else in encoded words, folded.
std::string header_text(std::string_view text);

// A body in quoted-printable (RFC 2045 §6.7). Lines end with \n in `text`, with CRLF in what comes out.
std::string quoted_printable(std::string_view text);

}  // namespace countersign::mail
