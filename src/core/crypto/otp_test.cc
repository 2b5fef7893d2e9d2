#include "core/crypto/otp.h"

#include <gtest/gtest.h>

#include "testing/vectors.h"

namespace countersign::crypto {
namespace {

using countersign::testing::load_table;

TEST(Otp, AgreesWithRfc4226AppendixD) {
  const MacKey key(HashKind::sha1, bytes_of("12345678901234567890"));
  int rows = 0;
  for (const auto& row : load_table("oath/rfc4226-appendix-d.txt")) {
    const std::uint32_t value = hotp_value(key, std::stoull(row.at(0)));
    EXPECT_EQ(value, std::stoul(row.at(3))) << row.at(0);
    EXPECT_EQ(otp_text(value, 6), row.at(4));
    ++rows;
  }
  EXPECT_EQ(rows, 10);
}

TEST(Otp, AgreesWithRfc6238AppendixB) {
  std::string digits;
  while (digits.size() < 64) digits += "1234567890";
  int rows = 0;
  for (const auto& row : load_table("oath/rfc6238-appendix-b.txt")) {
    const std::string& mode = row.at(4);
    const HashKind kind = mode == "SHA1" ? HashKind::sha1 : mode == "SHA256" ? HashKind::sha256 : HashKind::sha512;
    const MacKey key(kind, bytes_of(digits.substr(0, digest_size(kind))));
    EXPECT_EQ(otp_text(hotp_value(key, std::stoull(row.at(2), nullptr, 16)), 8), row.at(3)) << row.at(0) << row.at(4);
    ++rows;
  }
  EXPECT_EQ(rows, 18);
}

TEST(Otp, KeepsLeadingZeros) {
  EXPECT_EQ(otp_text(7, 6), "000007");
  EXPECT_EQ(otp_text(1'284'755'224, 8), "84755224");
}

TEST(Otp, NeverShowsFewerThanSixDigits) { EXPECT_EQ(otp_text(123'456'789, 1), "456789"); }

}  // namespace
}  // namespace countersign::crypto
