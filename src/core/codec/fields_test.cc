#include "core/codec/fields.h"

#include <gtest/gtest.h>

namespace countersign::codec {
namespace {

constexpr std::size_t kMax = 64;

TEST(Fields, ReadBackWhatWasWritten) {
  FieldWriter out("1;");
  out.put("a;b:c");
  out.put("");
  out.put_number(42);
  const std::string text = out.take();
  FieldReader in(text, "1;", kMax);
  EXPECT_EQ(in.text(), "a;b:c");
  EXPECT_EQ(in.text(), "");
  EXPECT_FALSE(in.whole());
  EXPECT_EQ(in.number(42), 42u);
  EXPECT_TRUE(in.whole());
}

TEST(Fields, StayBadAfterTheFirstThingNotUnderstood) {
  for (const char* text : {"2;1:a;", "1;2:a;", "1;1:a", "1;01:a;", "1;-1:a;", "1;:;", "1;99999999999999999999:a;"}) {
    FieldReader in(text, "1;", kMax);
    EXPECT_EQ(in.text(), "") << text;
    EXPECT_FALSE(in.good()) << text;
    EXPECT_EQ(in.text(), "") << text;
  }
}

TEST(Fields, HaveALimit) {
  FieldWriter out("1;");
  out.put(std::string(kMax, 'x'));
  const std::string text = out.take();
  EXPECT_FALSE(FieldReader(text, "1;", kMax).good());
  FieldReader small("1;2:43;", "1;", kMax);
  EXPECT_EQ(small.number(42), 0u);
  EXPECT_FALSE(small.good());
}

}  // namespace
}  // namespace countersign::codec
