#include "faces/device/signature.h"

#include <gtest/gtest.h>

#include <string>

namespace countersign::device {
namespace {

Authorization sample() {
  Authorization out;
  out.device = PhoneId::trusted("DPABCDEFGHJKLMNPQRST");
  out.ts = "1700000000";
  out.signature = Bytes(kSignatureSize, 0x5a);
  return out;
}

const std::string kSignatureText = "signature=\"" + std::string(85, 'A') + "Q\"";

void expect_refused(const std::string& header, Errc code) {
  const Result<Authorization> read = parse_authorization(header);
  ASSERT_FALSE(read) << header;
  EXPECT_EQ(read.error().code, code) << header;
}

TEST(DeviceAuthorization, ReadsBackWhatItWrites) {
  const Result<Authorization> read = parse_authorization(write_authorization(sample()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->device, sample().device);
  EXPECT_EQ(read->ts, "1700000000");
  EXPECT_EQ(read->signature, sample().signature);
  EXPECT_EQ(unix_s(read->at()), 1'700'000'000);
}

TEST(DeviceAuthorization, TakesParametersInAnyOrderAndTheSchemeInAnyCase) {
  EXPECT_TRUE(parse_authorization("COUNTERSIGN-device " + kSignatureText + " ,\tts=\"1\",id=\"x\""));
}

TEST(DeviceAuthorization, RefusesWhatIsMissingRepeatedUnknownOrLeftOver) {
  const std::string start = "Countersign-Device ";
  expect_refused("", Errc::malformed);
  expect_refused("Countersign-Device", Errc::malformed);
  expect_refused(start, Errc::malformed);
  expect_refused("Countersign-Devices id=\"x\", ts=\"1\", " + kSignatureText, Errc::malformed);
  expect_refused("Basic eDp5", Errc::malformed);
  expect_refused(start + "id=\"x\", ts=\"1\"", Errc::malformed);
  expect_refused(start + "id=\"x\", id=\"x\", ts=\"1\", " + kSignatureText, Errc::malformed);
  expect_refused(start + "id=\"x\", ts=\"1\", more=\"\", " + kSignatureText, Errc::malformed);
  expect_refused(start + "id=\"x\", ts=\"1\", " + kSignatureText + ",", Errc::malformed);
  expect_refused(start + "id=\"x\", ts=\"1\", " + kSignatureText + " more", Errc::malformed);
  expect_refused(start + "id=x, ts=\"1\", " + kSignatureText, Errc::malformed);
  expect_refused(start + "id=\"\\x\", ts=\"1\", " + kSignatureText, Errc::malformed);
  expect_refused(start + "id=\"\", ts=\"1\", " + kSignatureText, Errc::malformed);
}

TEST(DeviceAuthorization, RefusesTimesThatAreNoNumbers) {
  for (const std::string ts : {"", "-1", "1.5", "1 ", "1234567890123", "0x10"}) {
    expect_refused("Countersign-Device id=\"x\", ts=\"" + ts + "\", " + kSignatureText, Errc::malformed);
  }
}

TEST(DeviceAuthorization, RefusesSignaturesOfAnotherLength) {
  for (const std::string& text : {std::string(), std::string("AAAA"), std::string(90, 'A')}) {
    expect_refused("Countersign-Device id=\"x\", ts=\"1\", signature=\"" + text + "\"", Errc::malformed);
  }
}

TEST(DeviceAuthorization, HasALimit) {
  expect_refused(write_authorization(sample()) + std::string(kAuthorizationMax, ' '), Errc::exhausted);
}

// The text in docs/protocols/device.md, line by line.
TEST(DeviceRequestMessage, IsTheTextOfTheProtocol) {
  EXPECT_EQ(request_message({"GET", "MFA.example:8443", "/device/v1/requests", "wait=25", "1700000000", ""}),
            "countersign-device/1\nGET\nmfa.example:8443\n/device/v1/requests\nwait=25\n1700000000\n"
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace countersign::device
