// hex, base64 and base32: one test file for the three ways to write bytes as text.
#include <gtest/gtest.h>

#include "core/codec/base32.h"
#include "core/codec/base64.h"
#include "core/codec/hex.h"
#include "testing/seeded_random.h"

namespace countersign::codec {
namespace {

using countersign::testing::SeededRandom;

constexpr Base64 kForms[] = {Base64::padded, Base64::unpadded, Base64::url, Base64::url_padded};

TEST(Hex, ReadsWhatItWrote) {
  SeededRandom random;
  for (std::size_t size = 0; size < 70; ++size) {
    const Bytes bytes = random_bytes(random, size);
    EXPECT_EQ(*from_hex(to_hex(bytes)), bytes);
  }
}

TEST(Hex, WritesLowerCaseAndReadsBoth) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0xab, 0xff}), "00abff");
  EXPECT_EQ(*from_hex("00ABff"), (Bytes{0x00, 0xab, 0xff}));
}

TEST(Hex, RefusesWhatIsNoHex) {
  for (const char* text : {"0", "0g", "g0", " 0", "0x", "a\xc3"}) {
    EXPECT_EQ(from_hex(text).error().code, Errc::malformed) << text;
  }
}

// RFC 4648 §10.
TEST(Base64, AgreesWithTheRfc) {
  const std::pair<const char*, const char*> rows[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar",
                                                      "Zm9vYmFy"}};
  for (const auto& [plain, text] : rows) {
    EXPECT_EQ(to_base64(Base64::padded, bytes_of(plain)), text);
    EXPECT_EQ(text_of(*from_base64(Base64::padded, text)), plain);
  }
}

TEST(Base64, ReadsWhatItWroteInEveryForm) {
  SeededRandom random;
  for (const Base64 form : kForms) {
    for (std::size_t size = 0; size < 70; ++size) {
      const Bytes bytes = random_bytes(random, size);
      EXPECT_EQ(*from_base64(form, to_base64(form, bytes)), bytes);
    }
  }
}

TEST(Base64, KeepsTheAlphabetsApart) {
  const Bytes bytes = {0xfb, 0xff};
  EXPECT_EQ(to_base64(Base64::padded, bytes), "+/8=");
  EXPECT_EQ(to_base64(Base64::unpadded, bytes), "+/8");
  EXPECT_EQ(to_base64(Base64::url, bytes), "-_8");
  EXPECT_EQ(to_base64(Base64::url_padded, bytes), "-_8=");
  EXPECT_EQ(from_base64(Base64::url, "+/8").error().code, Errc::malformed);
  EXPECT_EQ(from_base64(Base64::unpadded, "-_8").error().code, Errc::malformed);
}

TEST(Base64, RefusesEverySecondSpelling) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "Zm9v=", "Zm9v====", "Zg==Zg==", "=",
                           "====",
                           "Z===", "Zm 9", "Zm9v\n", "Zm9v ", "Z=g="}) {
    EXPECT_EQ(from_base64(Base64::padded, text).error().code, Errc::malformed) << text;
  }
  for (const char* text : {"Z", "Zg==", "Zh", "Zm9", "Zm8=", "Zm9vY"}) {
    EXPECT_EQ(from_base64(Base64::url, text).error().code, Errc::malformed) << text;
  }
}

// RFC 4648 §10, without its padding.
TEST(Base32, AgreesWithTheRfc) {
  const std::pair<const char*, const char*> rows[] = {{"", ""}, {"f", "MY"}, {"fo", "MZXQ"}, {"foo", "MZXW6"},
                                                      {"foob", "MZXW6YQ"}, {"fooba", "MZXW6YTB"},
                                                      {"foobar", "MZXW6YTBOI"}};
  for (const auto& [plain, text] : rows) {
    EXPECT_EQ(to_base32(bytes_of(plain)), text);
    EXPECT_EQ(text_of(*from_base32(text)), plain);
  }
}

TEST(Base32, ReadsSecretsAsPeopleTypeThem) {
  for (const char* text : {"MZXW6YTBOI", "mzxw6ytboi", "mzxw 6ytb oi", "MZXW-6YTB-OI", "MZXW6YTBOI======",
                           "MZXW6YTBOI="}) {
    EXPECT_EQ(text_of(*from_base32(text)), "foobar") << text;
    EXPECT_EQ(secret_from_base32(text)->reveal(), "foobar") << text;
  }
}

TEST(Base32, DropsSpareBits) { EXPECT_EQ(text_of(*from_base32("MZ")), "f"); }

TEST(Base32, RefusesWhatNoSecretIs) {
  for (const char* text : {"M", "MZX", "MZXW6Y", "MZ1A", "MZ0A", "MZ8A", "MZ=A", "M\xc3\x9f", "MZ_A"}) {
    EXPECT_EQ(from_base32(text).error().code, Errc::malformed) << text;
  }
  EXPECT_EQ(from_base32(std::string(kBase32TextMax + 1, 'A')).error().code, Errc::malformed);
  EXPECT_TRUE(from_base32(std::string(kBase32TextMax, 'A')));
}

TEST(Base32, WritesSecretsLikeBytes) { EXPECT_EQ(secret_to_base32(Secret("foobar")).reveal(), "MZXW6YTBOI"); }

}  // namespace
}  // namespace countersign::codec
