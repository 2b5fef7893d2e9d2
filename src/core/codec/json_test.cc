#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "core/codec/json_read.h"
#include "core/codec/json_write.h"

namespace countersign::codec {
namespace {

TEST(JsonRead, GivesMembersInOrder) {
  const auto json = parse_json(R"( {"b":1, "a":[true,null,2.5,"x\u00e9"], "b":-9007199254740993} )");
  EXPECT_EQ(json->members().size(), 3u);
  EXPECT_EQ(json->members()[2].first, "b");
  EXPECT_EQ(json->count("b"), 2u);
  EXPECT_EQ(*json->find("b")->as_int(), 1);
  EXPECT_EQ(*json->members()[2].second.as_int(), -9007199254740993);
  const auto& items = json->find("a")->items();
  EXPECT_TRUE(*items[0].as_bool());
  EXPECT_TRUE(items[1].is_null());
  EXPECT_EQ(*items[2].as_double(), 2.5);
  EXPECT_EQ(*items[3].as_string(), "xé");
}

TEST(JsonRead, RefusesAnotherType) {
  const auto json = parse_json(R"({"s":"1","n":1,"f":1.0})");
  EXPECT_EQ(json->find("s")->as_int().error().code, Errc::malformed);
  EXPECT_EQ(json->find("n")->as_string().error().code, Errc::malformed);
  EXPECT_EQ(json->find("f")->as_int().error().code, Errc::malformed);
  EXPECT_EQ(json->find("n")->as_bool().error().code, Errc::malformed);
  EXPECT_EQ(json->find("s")->as_double().error().code, Errc::malformed);
  EXPECT_EQ(*json->find("n")->as_double(), 1.0);
}

TEST(JsonRead, NamesTheMemberThatIsMissing) {
  const auto json = parse_json(R"({"a":1})");
  EXPECT_EQ(json->need("user").error().what, "JSON lacks user");
  EXPECT_EQ(*(*json->need("a"))->as_int(), 1);
}

TEST(JsonRead, FindsNothingInWhatIsNoObject) {
  const auto json = parse_json("[1]");
  EXPECT_EQ(json->find("a"), nullptr);
  EXPECT_EQ(json->count("a"), 0u);
  EXPECT_TRUE(json->members().empty());
  EXPECT_TRUE(parse_json("1")->items().empty());
}

TEST(JsonRead, RefusesWhatIsNotJson) {
  for (const char* text : {"", " ", "{", "}", "[1,]", "{\"a\":1,}", "{a:1}", "{'a':1}", "01", "+1", "1.", ".5",
                           "NaN", "nul",
                           "\"\x01\"", "\"\\x\"", "\"a", "[1] x", "1 2", "{}{}", "// c\n1", "1e999", "\"\\ud800\"",
                           "\"\\udc00\"", "\"\\ud800b\"", "\"\xff\"", "\"\\u0000\"", "{\"\\u0000\":1}", "\xef\xbb\xbf",
                           "123456789012345678901234567890"}) {
    EXPECT_EQ(parse_json(text).error().code, Errc::malformed) << text;
  }
  EXPECT_EQ(parse_json(std::string_view("1\0", 2)).error().code, Errc::malformed);
}

// Found by the fuzzer of metadata: undefined behaviour in a copy of nothing from nowhere.
TEST(JsonRead, RefusesAnEmptyViewOfNothing) { EXPECT_EQ(parse_json({}).error().code, Errc::malformed); }

TEST(JsonRead, ReadsTheEndsOfTheNumbers) {
  EXPECT_EQ(*parse_json("9223372036854775807")->as_int(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(*parse_json("-9223372036854775808")->as_int(), std::numeric_limits<std::int64_t>::min());
  EXPECT_FALSE(parse_json("18446744073709551615")->is_int());
  EXPECT_EQ(*parse_json("18446744073709551615")->as_double(), 18446744073709551616.0);
}

TEST(JsonRead, StopsAtItsDepth) {
  const auto nested = [](std::size_t depth, const char* inner) {
    return parse_json(std::string(depth, '[') + inner + std::string(depth, ']'));
  };
  EXPECT_TRUE(nested(kJsonDepthMax, ""));
  EXPECT_TRUE(nested(kJsonDepthMax, "1"));
  EXPECT_EQ(nested(kJsonDepthMax + 1, "").error().code, Errc::malformed);
  EXPECT_EQ(nested(kJsonDepthMax + 1, "1").error().code, Errc::malformed);
  EXPECT_EQ(nested(kJsonDepthMax, "{}").error().code, Errc::malformed);
  EXPECT_EQ(nested(100'000, "").error().code, Errc::malformed);
}

TEST(JsonRead, StopsAtItsSize) {
  const std::string text = "\"" + std::string(98, 'a') + "\"";
  EXPECT_TRUE(parse_json(text, 100));
  EXPECT_EQ(parse_json(text, 99).error().code, Errc::exhausted);
  EXPECT_EQ(parse_json(std::string(kJsonBytesMax + 1, ' ')).error().code, Errc::exhausted);
}

TEST(JsonWrite, PutsCommasWhereTheyBelong) {
  JsonWriter w;
  w.begin_object();
  w.key("stat").string("OK");
  w.key("response").begin_array().integer(1).begin_object().end_object().begin_array().end_array().null().end_array();
  w.key("flag").boolean(true).key("raw").raw("[0]");
  w.end_object();
  EXPECT_EQ(w.take(), R"({"stat":"OK","response":[1,{},[],null],"flag":true,"raw":[0]})");
}

TEST(JsonWrite, StartsAnewAfterTake) {
  JsonWriter w;
  w.integer(1);
  EXPECT_EQ(w.take(), "1");
  w.integer(2);
  EXPECT_EQ(w.take(), "2");
}

TEST(JsonWrite, EscapesWhatMustNotStandInAString) {
  JsonWriter w;
  w.string("\"\\\n\r\t\b\x1f</script>\u2028\u2029 é€\U0001f600");
  EXPECT_EQ(w.text(), "\"\\\"\\\\\\n\\r\\t\\u0008\\u001f\\u003c/script>\\u2028\\u2029 é€\U0001f600\"");
}

TEST(JsonWrite, ReplacesBytesThatAreNotUtf8) {
  for (const std::string bad : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x80"}) {
    JsonWriter w;
    w.string("a" + bad + "b");
    const auto read = parse_json(w.text());
    ASSERT_TRUE(read) << w.text();
    EXPECT_NE(read->as_string()->find("\xef\xbf\xbd"), std::string::npos);
    EXPECT_TRUE(read->as_string()->starts_with('a'));
    EXPECT_TRUE(read->as_string()->ends_with('b'));
  }
}

TEST(JsonWrite, WritesNumbersThatReadBack) {
  JsonWriter w;
  w.begin_array().integer(std::numeric_limits<std::int64_t>::min()).integer(std::numeric_limits<std::uint64_t>::max());
  w.number(0.1).number(1e300).number(2.0).number(-0.0).number(std::numeric_limits<double>::infinity());
  w.number(std::numeric_limits<double>::quiet_NaN()).end_array();
  EXPECT_EQ(w.text(), "[-9223372036854775808,18446744073709551615,0.1,1e+300,2,-0.0,null,null]");
  EXPECT_TRUE(parse_json(w.text()));
}

TEST(JsonWrite, WritesLargeDoublesSoThatTheyStayDoubles) {
  JsonWriter w;
  w.number(18446744073709551616.0);
  EXPECT_EQ(*parse_json(w.text())->as_double(), 18446744073709551616.0) << w.text();
}

// Every byte alone and before another one, read back by a stranger's parser.
TEST(JsonWrite, IsReadByOthersWhateverTheStringHolds) {
  for (int first = 0; first < 256; ++first) {
    for (const char* rest : {"", "\x80", "\x80\x80", "\x80\x80\x80", "\"", "\\"}) {
      JsonWriter w;
      w.begin_object().key(std::string(1, static_cast<char>(first)) + rest).string(rest).end_object();
      EXPECT_TRUE(nlohmann::json::accept(w.text())) << w.text();
    }
  }
}

}  // namespace
}  // namespace countersign::codec
