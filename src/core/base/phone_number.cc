#include "core/base/phone_number.h"

namespace countersign {

Result<PhoneNumber> PhoneNumber::parse(std::string_view text) {
  const bool international = text.starts_with('+');
  std::string digits;
  for (char c : text.substr(international ? 1 : 0)) {
    if (c >= '0' && c <= '9') {
      digits.push_back(c);
    } else if (c != ' ' && c != '-' && c != '.' && c != '(' && c != ')') {
      return Error{Errc::malformed, "a phone number has digits, spaces, dots, dashes and brackets only"};
    }
    if (digits.size() > kPhoneDigitsMax) break;
  }
  if (!international && digits.size() == 10) digits.insert(0, "1");
  if (digits.size() < kPhoneDigitsMin || digits.size() > kPhoneDigitsMax) {
    return Error{Errc::malformed, "a phone number has 7 to 15 digits (E.164)"};
  }
  return PhoneNumber("+" + digits);
}

std::string PhoneNumber::masked() const { return "XXX-XXX-" + e164_.substr(e164_.size() - 4); }

}  // namespace countersign
