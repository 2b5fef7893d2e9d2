#include "faces/duo/parameters.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "core/codec/base64.h"
#include "faces/duo/authorization.h"

namespace countersign::duo {
namespace {

Parameters form(std::string_view text) {
  Parameters out;
  EXPECT_TRUE(out.add_form(text));
  return out;
}
Parameters json(std::string_view text) {
  Parameters out;
  EXPECT_TRUE(out.add_json(text));
  return out;
}

void expect_failure(Parameters parameters, const std::function<void(ParameterReader&)>& use, Code code,
                    std::string_view names) {
  ParameterReader in(parameters);
  use(in);
  ASSERT_TRUE(in.failure());
  EXPECT_EQ(in.failure()->code, code);
  EXPECT_TRUE(in.failure()->detail.starts_with(names)) << in.failure()->detail;
}

TEST(Parameters, ReadTheSameFromFormAndJson) {
  for (Parameters parameters :
       {form("name=J%C3%BCrgen+K&async=True&count=3"), json(R"({"name":"J\u00fcrgen K","async":true,"count":3})")}) {
    ParameterReader in(parameters);
    EXPECT_EQ(in.text("name", 100), "Jürgen K");
    EXPECT_TRUE(in.flag("async"));
    EXPECT_EQ(in.integer("count", 1, 10, 5), 3);
    EXPECT_FALSE(in.failure());
  }
}

TEST(Parameters, TakeNumbersAndBooleansAsFormsSpellThem) {
  Parameters parameters = json(R"({"a":"1","b":"false","c":"7","d":null,"passcode":123456})");
  ParameterReader in(parameters);
  EXPECT_TRUE(in.flag("a"));
  EXPECT_FALSE(in.flag("b"));
  EXPECT_EQ(in.integer("c", 0, 9, 0), 7);
  EXPECT_FALSE(in.has("d"));
  EXPECT_EQ(in.secret("passcode", 10).reveal(), "123456");
  EXPECT_FALSE(in.failure());
}

TEST(Parameters, RefuseAKnownNameTwice) {
  const auto use = [](ParameterReader& in) { static_cast<void>(in.text("user", 10)); };
  expect_failure(form("user=a&user=b"), use, Code::invalid_parameters, "user");
  expect_failure(json(R"({"user":"a","user":"a"})"), use, Code::invalid_parameters, "user");
}

TEST(Parameters, IgnoreAnUnknownNameTwice) {
  Parameters parameters = form("x=1&x=2&user=a");
  ParameterReader in(parameters);
  EXPECT_EQ(in.need("user", 10), "a");
  EXPECT_FALSE(in.failure());
}

TEST(Parameters, NameWhatIsMissing) {
  const auto use = [](ParameterReader& in) { static_cast<void>(in.need("factor", 10)); };
  expect_failure(form("a=b"), use, Code::missing_parameters, "factor");
  expect_failure(form("factor="), use, Code::missing_parameters, "factor");
}

TEST(Parameters, KeepTheFirstThingWrong) {
  expect_failure(
      form("count=x"),
      [](ParameterReader& in) {
        static_cast<void>(in.integer("count", 0, 9, 0));
        static_cast<void>(in.need("user", 10));
      },
      Code::invalid_parameters, "count");
}

TEST(Parameters, RefuseValuesOfAnotherKind) {
  const auto text = [](ParameterReader& in) { static_cast<void>(in.text("a", 4)); };
  const auto flag = [](ParameterReader& in) { static_cast<void>(in.flag("a")); };
  const auto integer = [](ParameterReader& in) { static_cast<void>(in.integer("a", 1, 10, 1)); };
  for (std::string_view body : {R"({"a":[1]})", R"({"a":{"b":1}})", R"({"a":1.5})"}) {
    expect_failure(json(body), text, Code::invalid_parameters, "a");
  }
  expect_failure(form("a=12345"), text, Code::invalid_parameters, "a");
  expect_failure(form("a=%1b%5b"), text, Code::invalid_parameters, "a");
  expect_failure(form("a=perhaps"), flag, Code::invalid_parameters, "a");
  for (std::string_view body : {"a=0", "a=11", "a=1x", "a=+1", "a=1e3", "a=99999999999999999999"}) {
    expect_failure(form(body), integer, Code::invalid_parameters, "a");
  }
}

TEST(Parameters, RefuseBodiesThatAreNone) {
  Parameters out;
  EXPECT_EQ(out.add_form("a=%00").error().code, Errc::malformed);
  EXPECT_EQ(out.add_form("a=%ff").error().code, Errc::malformed);
  EXPECT_EQ(out.add_form("a=%4").error().code, Errc::malformed);
  EXPECT_EQ(out.add_json("[1]").error().code, Errc::malformed);
  EXPECT_EQ(out.add_json(R"({"a":1}x)").error().code, Errc::malformed);
  EXPECT_EQ(out.add_json(R"({"a":"\u0000"})").error().code, Errc::malformed);
}

TEST(Printable, LeavesNothingForATerminal) {
  EXPECT_EQ(printable("Zo\xc3\xab's phone"), "Zo\xc3\xab's phone");
  EXPECT_EQ(printable("a\x1b[2Jb\n\x7f"), "a?[2Jb??");
  EXPECT_EQ(printable("a\xc2\x9b" "1mb"), "a?1mb");
  EXPECT_EQ(printable("a\xe2\x80\xae" "b\xe2\x81\xa6"), "a?b?");
}

TEST(Authorization, ReadsBackWhatItWrites) {
  for (const auto& [hash, size] : {std::pair{crypto::HashKind::sha1, 20}, std::pair{crypto::HashKind::sha512, 64}}) {
    const Credentials sent{"DIXXXXXXXXXXXXXXXXXX", hash, Bytes(static_cast<std::size_t>(size), 0xa5)};
    const Result<Credentials> read = read_authorization(write_authorization(sent));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->ikey, sent.ikey);
    EXPECT_EQ(read->hash, hash);
    EXPECT_EQ(read->mac, sent.mac);
  }
}

TEST(Authorization, TakesTheSchemeAndTheHexInAnyCase) {
  const std::string plain = "DIX:" + std::string(40, 'A');
  const auto read = read_authorization("bAsIc  " + codec::to_base64(codec::Base64::padded, bytes_of(plain)));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->mac, Bytes(20, 0xaa));
}

TEST(Authorization, RefusesWhatNamesNobody) {
  for (const std::string& header :
       {std::string(), std::string("Basic"), std::string("Basic "), std::string("Bearer RElYOmFh"),
        std::string("Basic RElY"), std::string("Basic !!!"), std::string("Basic OmFh"), std::string("Basic RElYOmFh x"),
        "Basic " + std::string(600, 'A')}) {
    const Result<Credentials> read = read_authorization(header);
    ASSERT_FALSE(read) << header;
    EXPECT_EQ(read.error().code, Errc::malformed);
  }
}

TEST(Authorization, KeepsTheNameOfWhoSignedNonsense) {
  const Result<Credentials> read = read_authorization("Basic RElYOmFh");  // DIX:aa
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ikey, "DIX");
  EXPECT_TRUE(read->mac.empty());
}

}  // namespace
}  // namespace countersign::duo
