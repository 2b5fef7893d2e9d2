// A telephone number in E.164 form; it exists only as the result of parse, and prints only masked.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace countersign {

inline constexpr std::size_t kPhoneDigitsMin = 7;
inline constexpr std::size_t kPhoneDigitsMax = 15;  // ITU-T E.164 §6.1

class PhoneNumber {
  std::string e164_;

  explicit PhoneNumber(std::string e164) : e164_(std::move(e164)) {}

 public:
  // Reads "+1 (555) 010-0100"; spaces, dots, dashes and brackets are dropped. Without "+" it is a US number, as at Duo.
  // malformed: other characters, or fewer than 7 or more than 15 digits.
  static Result<PhoneNumber> parse(std::string_view text);

  template <class Stream>
  friend Stream& operator<<(Stream&, const PhoneNumber&) = delete;

  // "+15550100100". Only for sending, sealing, and the Admin API through the ledger.
  std::string_view reveal() const { return e164_; }
  // "XXX-XXX-0100": the last four digits, as Duo shows it.
  std::string masked() const;
};

}  // namespace countersign
