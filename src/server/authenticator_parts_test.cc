#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/crypto/sign.h"
#include "server/authenticator_events.h"
#include "server/authenticator_link.h"
#include "server/authenticator_store.h"
#include "server/authenticator_text.h"
#include "testing/seeded_random.h"

namespace countersign::server {
namespace {

void check_link(const std::string& text, const std::string& server, const std::string& code) {
  const Result<ActivationLinkParts> link = parse_activation_link(text);
  ASSERT_TRUE(link) << text;
  EXPECT_EQ(link->server, server);
  EXPECT_EQ(link->code.reveal(), code);
}

TEST(ActivationLink, IsReadInBothForms) {
  check_link("https://mfa.example:8443/activate/ABC-def_9", "https://mfa.example:8443", "ABC-def_9");
  check_link("HTTPS://MFA.example:443/activate/ABC", "https://mfa.example", "ABC");
  check_link("https://[::1]:8443/activate/ABC", "https://[::1]:8443", "ABC");
  check_link("duo://ABC-bWZhLmV4YW1wbGU6ODQ0Mw", "https://mfa.example:8443", "ABC");
  check_link("duo://ABC-bWZhLmV4YW1wbGU6ODQ0Mw==", "https://mfa.example:8443", "ABC");
}

TEST(ActivationLink, IsRefusedWhereItCouldLeadElsewhere) {
  for (const std::string text :
       {"", "http://mfa.example/activate/ABC", "https://mfa.example/activate/", "https:///activate/ABC",
        "https://user@mfa.example/activate/ABC", "https://mfa.example/activate/ABC?x=1",
        "https://mfa.example/activate/A/B", "https://mfa.example/x/activate/ABC",
        "https://mfa.example\\@e/activate/ABC",
        "duo://ABC", "duo://ABC-!!!", "duo://-bWZhLmV4YW1wbGU", "ftp://mfa.example/activate/ABC"}) {
    const Result<ActivationLinkParts> link = parse_activation_link(text);
    ASSERT_FALSE(link) << text;
    EXPECT_EQ(link.error().code, Errc::malformed);
  }
}

AuthenticatorAccounts sample() {
  testing::SeededRandom random;
  AuthenticatorAccounts out;
  DeviceAccount device;
  device.server = "https://mfa.example:8443";
  device.ca_file = "/etc/ca.pem";
  device.device = PhoneId::trusted("DPABCDEFGHJKLMNPQRST");
  device.tenant = "De\"mo";
  device.username = "ada";
  device.key = crypto::Es256Key::generate(random).scalar();
  device.code.account = "ada";
  device.code.secret = Secret("12345678901234567890");
  out.devices.push_back(std::move(device));
  codec::Otpauth code;
  code.kind = codec::OtpKind::hotp;
  code.account = "token";
  code.secret = Secret("12345678901234567890");
  code.counter = 7;
  out.codes.push_back(std::move(code));
  return out;
}

TEST(AuthenticatorAccounts, ReadBackAsWritten) {
  const AuthenticatorAccounts written = sample();
  const Secret text = encode_accounts(written);
  const Result<AuthenticatorAccounts> read = decode_accounts(text.reveal());
  ASSERT_TRUE(read) << read.error().what;
  ASSERT_EQ(read->devices.size(), 1u);
  EXPECT_EQ(read->devices[0].name(), "ada@De\"mo");
  EXPECT_EQ(read->devices[0].key.reveal(), written.devices[0].key.reveal());
  EXPECT_EQ(read->codes.at(0).counter, 7u);
  EXPECT_EQ(encode_accounts(*read).reveal(), text.reveal());
}

TEST(AuthenticatorAccounts, OfAnotherVersionOrFormAreMalformed) {
  for (const std::string text :
       {"", "{}", R"({"version":2,"devices":[],"codes":[]})", R"({"version":1,"devices":[]})",
        R"({"version":1,"devices":[{}],"codes":[]})", R"({"version":1,"devices":[],"codes":[1]})",
        R"({"version":1,"devices":[],"codes":[]} more)"}) {
    const Result<AuthenticatorAccounts> read = decode_accounts(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Errc::malformed) << text;
  }
}

std::vector<ServerEvent> events_in(const std::vector<std::string>& pieces) {
  std::vector<ServerEvent> out;
  EventReader reader;
  for (const std::string& piece : pieces) {
    EXPECT_TRUE(reader.take(piece, [&](const ServerEvent& event) {
      out.push_back(event);
      return true;
    }));
  }
  return out;
}

TEST(EventReader, PutsPiecesTogether) {
  const auto events = events_in(
      {"retry: 1000\nevent: requ", "ests\ndata: {\"a\"", ":1}\n\n: beat\n\ndata: x\ndata:y\n\n"});
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].name, "requests");
  EXPECT_EQ(events[0].data, "{\"a\":1}");
  EXPECT_EQ(events[1].name, "message");
  EXPECT_EQ(events[1].data, "x\ny");
}

TEST(EventReader, TakesEveryLineEnd) {
  EXPECT_EQ(events_in({"data: a\r", "\n\r\ndata: b\r\rdata: c\n\n"}).size(), 3u);
}

TEST(EventReader, LeavesAnEventWithoutItsEndAlone) { EXPECT_TRUE(events_in({"data: a\n"}).empty()); }

TEST(EventReader, HasALimit) {
  EventReader reader;
  EXPECT_FALSE(reader.take(std::string(EventReader::kEventMax + 1, 'x'), [](const ServerEvent&) { return true; }));
}

TEST(EventReader, HeartbeatsNeverFillIt) {
  EventReader reader;
  const auto take = [](const ServerEvent&) { return true; };
  for (std::size_t sent = 0; sent < 2 * EventReader::kEventMax; sent += 8) ASSERT_TRUE(reader.take(": beat\n\n", take));
}

TEST(Requests, OfAnotherFormAreMalformed) {
  EXPECT_TRUE(read_requests(R"({"requests":[]})"));
  for (const std::string text : {"", "{}", "[]", R"({"requests":{}})", R"({"requests":[{}]})"}) {
    const auto read = read_requests(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Errc::malformed);
  }
}

TEST(Printable, LetsNothingReachTheTerminalThatItWouldObey) {
  EXPECT_EQ(printable("plain – ünï"), "plain – ünï");
  EXPECT_EQ(printable("a\x1b[31mb\nc\x7f"), "a?[31mb?c?");
  EXPECT_EQ(printable("a\xc2\x9b" "b"), "a?b");              // CSI as one character
  EXPECT_EQ(printable("a\xe2\x80\xae" "b\xe2\x81\xa6"), "a?b?");  // right-to-left override, isolate
  EXPECT_EQ(printable("\xff"), "?");
}

TEST(Table, AlignsItsColumns) {
  EXPECT_EQ(table({{"A", "BB", "C"}, {"ünf", "", "x"}}), "A    BB  C\nünf  -   x\n");
}

}  // namespace
}  // namespace countersign::server
