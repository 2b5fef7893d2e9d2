#include "faces/duo/bson.h"

#include <gtest/gtest.h>

#include <string>

namespace countersign::duo {
namespace {

Document sample() {
  Document inner;
  inner.text("default", "push1").text("1", "push1");
  Document out;
  return out.text("stat", "OK").integer("code", -40103).boolean("yes", true).document("factors", inner).text("é", "");
}

// {"hello": "world"}, the example of bsonspec.org.
const std::string kHello("\x16\0\0\0\x02hello\0\x06\0\0\0world\0\0", 22);

TEST(Bson, WritesTheExampleOfTheSpecification) {
  EXPECT_EQ(to_bson(Document().text("hello", "world")), kHello);
}

TEST(Bson, ReadsBackWhatItWrites) {
  const Result<Document> read = parse_bson(to_bson(sample()));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, sample());
}

TEST(Bson, SaysTheSameInJson) {
  EXPECT_EQ(to_json(sample()),
            R"({"stat":"OK","code":-40103,"yes":true,"factors":{"default":"push1","1":"push1"},"é":""})");
}

TEST(Bson, RefusesEveryShorterText) {
  const std::string whole = to_bson(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Result<Document> read = parse_bson(std::string_view(whole).substr(0, size));
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, Errc::malformed);
  }
}

TEST(Bson, RefusesWhatFollows) { EXPECT_EQ(parse_bson(kHello + '\0').error().code, Errc::malformed); }

TEST(Bson, RefusesALengthThatIsNotItsOwn) {
  for (const char length : {'\x15', '\x17', '\x04'}) {
    std::string bad = kHello;
    bad[0] = length;
    EXPECT_EQ(parse_bson(bad).error().code, Errc::malformed);
  }
  std::string negative = kHello;
  negative[3] = '\xff';
  EXPECT_EQ(parse_bson(negative).error().code, Errc::malformed);
}

TEST(Bson, RefusesOtherTypesAndTextThatIsNone) {
  std::string other = kHello;
  other[4] = '\x07';
  EXPECT_EQ(parse_bson(other).error().code, Errc::malformed);
  std::string nul = kHello;
  nul[16] = '\0';
  EXPECT_EQ(parse_bson(nul).error().code, Errc::malformed);
  std::string latin = kHello;
  latin[16] = '\xe9';
  EXPECT_EQ(parse_bson(latin).error().code, Errc::malformed);
}

TEST(Bson, HasLimits) {
  Document deep;
  for (int i = 0; i < kBsonDepthMax; ++i) deep = Document().document("d", deep);
  EXPECT_EQ(parse_bson(to_bson(deep)).error().code, Errc::exhausted);
  EXPECT_EQ(parse_bson(std::string(kBsonBytesMax + 1, '\0')).error().code, Errc::exhausted);
}

}  // namespace
}  // namespace countersign::duo
