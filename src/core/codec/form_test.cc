#include "core/codec/form.h"

#include <gtest/gtest.h>

#include "core/codec/percent.h"
#include "core/codec/utf8.h"

namespace countersign::codec {
namespace {

TEST(Form, KeepsOrderAndRepeats) {
  EXPECT_EQ(*parse_form("b=2&a=1&b=3"), (Form{{"b", "2"}, {"a", "1"}, {"b", "3"}}));
}

TEST(Form, DecodesPlusAndPercent) {
  EXPECT_EQ(*parse_form("real+name=First%20Last%2b%2B+x"), (Form{{"real name", "First Last++ x"}}));
  EXPECT_EQ(*parse_form("a=%C3%a9"), (Form{{"a", "é"}}));
}

TEST(Form, ReadsNamesWithoutValuesAndValuesWithEquals) {
  EXPECT_EQ(*parse_form("a&b=&=c&d=e=f&&"), (Form{{"a", ""}, {"b", ""}, {"", "c"}, {"d", "e=f"}}));
  EXPECT_EQ(*parse_form(""), Form());
  EXPECT_EQ(*parse_form("&&"), Form());
}

TEST(Form, RefusesWhatIsNotPercentEncodedText) {
  for (const char* text : {"a=%", "a=%4", "a=%4g", "a=%zz", "%=1", "a=%00", "%00=a", "a=%ff", "a=\xff", "a=%C3",
                           "a=%ED%A0%80"}) {
    EXPECT_EQ(parse_form(text).error().code, Errc::malformed) << text;
  }
  EXPECT_EQ(parse_form(std::string_view("a=\0", 3)).error().code, Errc::malformed);
}

TEST(Form, StopsAtItsLimits) {
  std::string pairs = "a";
  for (std::size_t i = 1; i < kFormPairsMax; ++i) pairs += "&a";
  EXPECT_EQ(parse_form(pairs)->size(), kFormPairsMax);
  EXPECT_EQ(parse_form(pairs + "&a").error().code, Errc::exhausted);
  EXPECT_TRUE(parse_form(std::string(kFormBytesMax, 'a')));
  EXPECT_EQ(parse_form(std::string(kFormBytesMax + 1, 'a')).error().code, Errc::exhausted);
}

TEST(Form, ReadsWhatItWrote) {
  const Form form = {{"a b", "1&2=3%+"}, {"é", ""}, {"", "x"}, {"a b", "\n"}};
  EXPECT_EQ(*parse_form(write_form(form)), form);
  EXPECT_EQ(write_form(form), "a%20b=1%262%3D3%25%2B&%C3%A9=&=x&a%20b=%0A");
}

// RFC 3986 §2.3: what stays as it is.
TEST(Percent, EncodesAllButTheUnreserved) {
  const std::string unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  EXPECT_EQ(percent_encode(unreserved), unreserved);
  EXPECT_EQ(percent_encode("a b+c/d*é\xff"), "a%20b%2Bc%2Fd%2A%C3%A9%FF");
}

TEST(Percent, ReadsEveryByteThatItWrote) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  EXPECT_EQ(*percent_decode(percent_encode(all)), all);
}

TEST(Percent, LeavesPlusAndRefusesHalfACode) {
  EXPECT_EQ(*percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode("a%2").error().code, Errc::malformed);
  EXPECT_EQ(percent_decode("%G0").error().code, Errc::malformed);
}

TEST(Utf8, KnowsWellFormedText) {
  for (const char* text : {"", "abc", "é", "€", "\U0010ffff", "\ued7f\uf000"}) EXPECT_TRUE(valid_utf8(text)) << text;
  for (const char* text : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8",
                           "ab\xff"}) {
    EXPECT_FALSE(valid_utf8(text)) << text;
  }
}

TEST(Utf8, TextHasNoNul) {
  const std::string_view nul("a\0b", 3);
  EXPECT_TRUE(valid_utf8(nul));
  EXPECT_FALSE(valid_text(nul));
  EXPECT_TRUE(valid_text("ab"));
}

}  // namespace
}  // namespace countersign::codec
