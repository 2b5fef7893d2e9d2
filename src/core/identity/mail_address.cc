#include "core/identity/mail_address.h"

#include <algorithm>

namespace countersign {
namespace {

constexpr std::size_t kLabelMax = 63;  // RFC 1035 §2.3.4

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// atext of RFC 5322 §3.2.3
bool atom(char c) {
  return letter_or_digit(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// Whether every piece between dots is well.
bool dotted(std::string_view text, bool (*well)(std::string_view piece)) {
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!well(text.substr(0, dot))) return false;
    if (dot == text.npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool atoms(std::string_view piece) { return !piece.empty() && std::ranges::all_of(piece, atom); }

bool label(std::string_view piece) {
  const auto fine = [](char c) { return letter_or_digit(c) || c == '-'; };
  return !piece.empty() && piece.size() <= kLabelMax && piece.front() != '-' && piece.back() != '-' &&
         std::ranges::all_of(piece, fine);
}

}  // namespace

Result<void> check_mail_address(std::string_view address) {
  const Error bad{Errc::malformed, "a mail address is written name@host.example, in ASCII, at most 254 characters"};
  const std::size_t at = address.rfind('@');
  if (address.size() > kMailAddressMax || at == address.npos || at > kMailLocalPartMax) return bad;
  if (!dotted(address.substr(0, at), atoms) || !dotted(address.substr(at + 1), label)) return bad;
  return {};
}

std::string masked_mail_address(std::string_view address) {
  const std::size_t at = address.rfind('@');
  if (at == address.npos || at == 0) return "•••";
  return std::string(address.substr(0, 1)) + "•••" + std::string(address.substr(at));
}

}  // namespace countersign
