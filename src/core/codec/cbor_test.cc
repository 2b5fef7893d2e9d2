#include "core/codec/cbor.h"

#include <gtest/gtest.h>

#include "core/codec/hex.h"
#include "testing/vectors.h"

namespace countersign::codec {
namespace {

using countersign::testing::load_table;
using countersign::testing::unhex;

Errc code_of(const std::string& hex) {
  const auto item = read_cbor(unhex(hex));
  EXPECT_FALSE(item) << hex;
  return item ? Errc::unavailable : item.error().code;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// Diagnostic notation (RFC 8949 §8).
std::string diagnostic(const Cbor& item) {
  std::string out;
  const auto next = [&out] { return out.empty() ? "" : ", "; };
  if (const auto* b = item.as<bool>()) return *b ? "true" : "false";
  if (const auto* n = item.as<std::int64_t>()) return std::to_string(*n);
  if (const auto* bytes = item.as<Bytes>()) return "h'" + to_hex(*bytes) + "'";
  if (const auto* text = item.as<std::string>()) return quoted(*text);
  if (const auto* items = item.as<CborArray>()) {
    for (const Cbor& each : *items) out += next() + diagnostic(each);
    return "[" + out + "]";
  }
  if (const auto* entries = item.as<CborMap>()) {
    for (const auto& [key, value] : *entries) out += next() + diagnostic(key) + ": " + diagnostic(value);
    return "{" + out + "}";
  }
  return "null";
}

// `depth` arrays, one in the other, the innermost empty.
std::string nested(int depth) {
  std::string hex;
  for (int i = 1; i < depth; ++i) hex += "81";
  return hex + "80";
}

TEST(Cbor, AgreesWithTheRfc) {
  int taken = 0, refused = 0;
  for (const auto& row : load_table("rfc8949.txt")) {
    const Bytes bytes = unhex(row.at(1));
    if (row[0] == "refuse") {
      EXPECT_EQ(code_of(row[1]), Errc::malformed);
      ++refused;
      continue;
    }
    std::string expected = row.at(2);
    for (std::size_t i = 3; i < row.size(); ++i) expected += " " + row[i];
    const auto item = read_cbor(bytes);
    ASSERT_TRUE(item) << row[1];
    EXPECT_EQ(diagnostic(*item), expected);
    EXPECT_EQ(item->encode(), bytes);
    ++taken;
  }
  EXPECT_EQ(taken, 35);
  EXPECT_EQ(refused, 140);
}

TEST(Cbor, ReadsEveryIntegerOf64Bits) {
  for (const std::int64_t n : {INT64_MAX, INT64_MIN, std::int64_t{0}, std::int64_t{-1}, std::int64_t{255},
                               std::int64_t{256}, std::int64_t{-257}, std::int64_t{65536}, std::int64_t{1} << 32}) {
    EXPECT_EQ(*read_cbor(Cbor(n).encode())->as<std::int64_t>(), n);
  }
  EXPECT_EQ(to_hex(Cbor(INT64_MIN).encode()), "3b7fffffffffffffff");
  EXPECT_EQ(code_of("3b8000000000000000"), Errc::malformed);
  EXPECT_EQ(code_of("1b8000000000000000"), Errc::malformed);
}

TEST(Cbor, RefusesHeadsThatAreLongerThanNeeded) {
  for (const char* hex :
       {"1817", "190018", "1900ff", "1a0000ffff", "1b00000000ffffffff", "3817", "3900ff", "5800", "580141", "590001aa",
        "7800", "780161", "9800", "990001f6", "b800", "b8010000", "9a00000000", "bb0000000000000000"}) {
    EXPECT_EQ(code_of(hex), Errc::malformed);
  }
}

TEST(Cbor, RefusesWhatIsLeftOver) {
  EXPECT_EQ(code_of("0000"), Errc::malformed);
  EXPECT_EQ(code_of("a0f6"), Errc::malformed);
  EXPECT_EQ(code_of(""), Errc::malformed);
}

TEST(Cbor, RefusesAKeyTwice) {
  EXPECT_EQ(code_of("a201020103"), Errc::malformed);
  EXPECT_EQ(code_of("a3616101616202616103"), Errc::malformed);
  EXPECT_EQ(code_of("a1f6a201020102"), Errc::malformed);
  // The same map as key, in another order.
  EXPECT_EQ(code_of("a2a20102030400a20304010201"), Errc::malformed);
  // "1", 1 and h'31' are three keys.
  EXPECT_EQ(read_cbor(unhex("a30100613100413100"))->as<CborMap>()->size(), 3u);
}

TEST(Cbor, ReadsKeysInAnyOrderAndWritesThemInTheCanonicalOne) {
  // CTAP2 §8: integers before strings, positive before negative, shorter before longer, then by bytes.
  const auto item = read_cbor(unhex("a762616200617a00200018640041aa0001000300"));
  ASSERT_TRUE(item);
  EXPECT_EQ(item->as<CborMap>()->front().first, Cbor(std::string("ab")));
  EXPECT_EQ(to_hex(item->encode()), "a701000300186400200041aa00617a0062616200");
}

TEST(Cbor, RefusesTextThatIsNotUtf8) {
  for (const char* hex : {"61ff", "62c328", "63eda080", "64f4908080", "a161ff00"}) {
    EXPECT_EQ(code_of(hex), Errc::malformed);
  }
  EXPECT_EQ(*read_cbor(unhex("6100"))->as<std::string>(), std::string(1, '\0'));
}

TEST(Cbor, ReadsAsDeepAsTheLimit) {
  EXPECT_EQ(to_hex(read_cbor(unhex(nested(kCborDepthMax)))->encode()), nested(kCborDepthMax));
  EXPECT_EQ(code_of(nested(kCborDepthMax + 1)), Errc::malformed);
  EXPECT_EQ(code_of(nested(60'000)), Errc::malformed);
}

TEST(Cbor, ReadsAsManyItemsAsTheLimit) {
  Bytes array = unhex("9903ff");  // 1023, and the array itself
  array.resize(3 + kCborItemsMax - 1);
  EXPECT_EQ(read_cbor(array)->as<CborArray>()->size(), kCborItemsMax - 1);
  array[1] = 0x04;
  array[2] = 0x00;
  array.push_back(0);
  EXPECT_EQ(read_cbor(array).error().what, "CBOR of too many items");
  // Spread over two arrays, each below the limit.
  Bytes two = unhex("82990200");
  two.resize(4 + 512);
  append(two, unhex("990200"));
  two.resize(two.size() + 512);
  EXPECT_EQ(read_cbor(two).error().what, "CBOR of too many items");
  // The places that a map says it needs are not made.
  EXPECT_EQ(code_of("bb00000001ffffffff"), Errc::malformed);
  EXPECT_EQ(code_of("9bffffffffffffffff"), Errc::malformed);
}

TEST(Cbor, ReadsAsManyBytesAsTheLimit) {
  Bytes string = unhex("59fffd");
  string.resize(kCborBytesMax);
  EXPECT_EQ(read_cbor(string)->as<Bytes>()->size(), kCborBytesMax - 3);
  EXPECT_EQ(read_cbor(Bytes(kCborBytesMax + 1)).error().what, "CBOR over 64 KiB");
  EXPECT_EQ(read_cbor_prefix(Bytes(kCborBytesMax + 1)).error().code, Errc::malformed);
}

TEST(Cbor, SaysHowLongThePrefixWas) {
  const auto prefix = read_cbor_prefix(unhex("a10102f6ff"));
  EXPECT_EQ(prefix->size, 3u);
  EXPECT_EQ(*prefix->item.at(1)->as<std::int64_t>(), 2);
  EXPECT_EQ(read_cbor_prefix(unhex("a101")).error().code, Errc::malformed);
  EXPECT_EQ(read_cbor_prefix({}).error().code, Errc::malformed);
}

TEST(Cbor, FindsTheValueUnderAKey) {
  const Cbor map(
      CborMap{{Cbor(1), Cbor(std::string("one"))}, {Cbor(std::string("1")), Cbor(true)}, {Cbor(), Cbor(-7)}});
  EXPECT_EQ(*map.at(1)->as<std::string>(), "one");
  EXPECT_TRUE(*map.at("1")->as<bool>());
  EXPECT_EQ(map.at(2), nullptr);
  EXPECT_EQ(map.at("one"), nullptr);
  EXPECT_EQ(Cbor(CborArray{Cbor(1)}).at(1), nullptr);
  EXPECT_EQ(map.at(1)->as<Bytes>(), nullptr);
}

// And does not become `true`, as a pointer would.
TEST(Cbor, TakesALiteralForText) { EXPECT_EQ(to_hex(Cbor("IETF").encode()), "6449455446"); }

TEST(Cbor, ReadsWhatItWrote) {
  const Cbor item(CborMap{{Cbor(std::string("fmt")), Cbor(std::string("none"))},
                          {Cbor(std::string("attStmt")), Cbor(CborMap{})},
                          {Cbor(-257), Cbor(CborArray{Cbor(), Cbor(false), Cbor(Bytes{1, 2})})}});
  const auto again = read_cbor(item.encode());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->encode(), item.encode());
  EXPECT_EQ(again->at("fmt")->as<std::string>()->size(), 4u);
}

}  // namespace
}  // namespace countersign::codec
