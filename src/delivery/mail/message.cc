#include "delivery/mail/message.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/codec/base64.h"
#include "core/codec/http_date.h"
#include "core/codec/utf8.h"
#include "core/identity/mail_address.h"

namespace countersign::mail {
namespace {

constexpr std::size_t kPlainSubjectMax = 60;  // with its name it stays within 78 (RFC 5322 §2.1.1)
constexpr std::size_t kWordBytes = 39;        // =?UTF-8?B?…?= holds 75 characters at most (RFC 2047 §2)
constexpr std::size_t kLineMax = 76;          // RFC 2045 §6.7 (5)
constexpr std::string_view kHex = "0123456789ABCDEF";

bool control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool plain(std::string_view text) {
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
  return text.size() <= kPlainSubjectMax && std::ranges::all_of(text, printable) && text.find("=?") == text.npos &&
         !text.starts_with(' ') && !text.ends_with(' ');
}

// The bytes of the next encoded word: no character is cut in two (RFC 2047 §5).
std::size_t word_end(std::string_view text) {
  std::size_t end = std::min(text.size(), kWordBytes);
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return end;
}

// RFC 5322 §3.3 wants a zone in digits.
std::string date_of(Instant at) {
  std::string out = countersign::codec::http_date(at);
  out.replace(out.rfind("GMT"), 3, "+0000");
  return out;
}

std::string part(std::string_view type, std::string_view text) {
  return "Content-Type: " + std::string(type) +
         "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted_printable(text);
}

Result<void> check(const Message& message) {
  TRY(check_mail_address(message.from));
  TRY(check_mail_address(message.to));
  const auto fine = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (message.id.empty() || !std::ranges::all_of(message.id, fine)) {
    return Error{Errc::malformed, "a message's id is letters and digits"};
  }
  if (message.subject.size() > kSubjectMax || std::ranges::any_of(message.subject, control) ||
      !codec::valid_utf8(message.subject)) {
    return Error{Errc::malformed, "a subject is one line of UTF-8"};
  }
  return {};
}

}  // namespace

std::string header_text(std::string_view text) {
  if (plain(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const std::size_t end = word_end(text);
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + codec::to_base64(codec::Base64::padded, bytes_of(text.substr(0, end))) + "?=";
    text.remove_prefix(end);
  }
  return out;
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t width = 0;
  const auto put = [&](std::string_view piece) {
    if (width + piece.size() >= kLineMax) {
      out += "=\r\n";
      width = 0;
    }
    out += piece;
    width += piece.size();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      out += "\r\n";
      width = 0;
      continue;
    }
    const bool at_end = i + 1 == text.size() || text[i + 1] == '\n';
    const bool blank = c == ' ' && !at_end;  // one at a line's end would be lost (RFC 2045 §6.7 (3))
    if ((c > 0x20 && c < 0x7f && c != '=') || blank) {
      put(std::string_view(&c, 1));
    } else {
      const auto byte = static_cast<unsigned char>(c);
      const char escaped[] = {'=', kHex[byte >> 4], kHex[byte & 15]};
      put({escaped, 3});
    }
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out;
}

Result<std::string> write_message(const Message& message) {
  TRY(check(message));
  const std::string domain = message.from.substr(message.from.rfind('@') + 1);
  std::string out = "Date: " + date_of(message.date) + "\r\nFrom: <" + message.from + ">\r\nTo: <" + message.to +
                    ">\r\nMessage-ID: <" + message.id + "@" + domain + ">\r\nSubject: " + header_text(message.subject) +
                    "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";  // RFC 3834 §5
  if (message.html.empty()) return out + part("text/plain", message.text);
  const std::string boundary = "=_" + message.id;  // quoted-printable writes no "=_" (RFC 2045 §6.7)
  out += "Content-Type: multipart/alternative;\r\n boundary=\"" + boundary + "\"\r\n\r\n";
  out += "--" + boundary + "\r\n" + part("text/plain", message.text);
  out += "--" + boundary + "\r\n" + part("text/html", message.html);
  return out + "--" + boundary + "--\r\n";
}

}  // namespace countersign::mail
