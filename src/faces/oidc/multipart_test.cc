#include "faces/oidc/multipart.h"

#include <gtest/gtest.h>

namespace countersign::oidc {
namespace {

// As PHP's curl writes it.
std::string part(const std::string& name, const std::string& value) {
  return "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}
const std::string kEnd = "--XX--\r\n";

Errc error_of(std::string_view body) {
  const auto read = parse_multipart(body, "XX");
  return read ? Errc::unavailable : read.error().code;
}

TEST(Multipart, ReadsFieldsInTheOrderSent) {
  const auto form = parse_multipart(part("b", "2") + part("a", "1 & 2=3%41\r\n+--X") + part("empty", "") + kEnd, "XX");
  ASSERT_TRUE(form) << form.error().what;
  EXPECT_EQ(*form, (codec::Form{{"b", "2"}, {"a", "1 & 2=3%41\r\n+--X"}, {"empty", ""}}));
}

TEST(Multipart, ReadsOtherHeadersOfAPartAndUtf8) {
  const auto form = parse_multipart(
      "--XX\r\ncontent-type: text/plain; charset=utf-8\r\nCONTENT-DISPOSITION:form-data;name=user\r\n"
      "Content-Length: 4\r\n\r\nJos\xc3\xa9\r\n--XX--", "XX");
  ASSERT_TRUE(form) << form.error().what;
  EXPECT_EQ(*form, (codec::Form{{"user", "Jos\xc3\xa9"}}));
}

TEST(Multipart, RefusesWhatIsNotOfTheForm) {
  const std::string good = part("a", "1");
  ASSERT_TRUE(parse_multipart(good + kEnd, "XX"));
  const std::string field = "--XX\r\nContent-Disposition: form-data; ";
  for (const std::string& body : std::initializer_list<std::string>{
        "", kEnd, good, good + "--XX", good + "--XX-", "\r\n" + good + kEnd, "preamble\r\n" + good + kEnd,
        good + kEnd + "x", good + kEnd + "\r\n", "--XXX" + good.substr(4) + kEnd, good + "--XX \r\n\r\n" + kEnd,
        "--XX\nContent-Disposition: form-data; name=\"a\"\n\n1\n--XX--\n", "--XX\r\n\r\n1\r\n" + kEnd,
        "--XX\r\nContent-Type: text/plain\r\n\r\n1\r\n" + kEnd,
        "--XX\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n" + kEnd,
        "--XX\r\nContent-Disposition: form-data\r\n\r\n1\r\n" + kEnd,
        field + "name=\"a\r\n\r\n1\r\n" + kEnd, field + "name=\"a\"b\r\n\r\n1\r\n" + kEnd,
        field + "name=\"a\\\"b\"\r\n\r\n1\r\n" + kEnd, field + "name=\"a\"; name=\"b\"\r\n\r\n1\r\n" + kEnd,
        field + "name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n1\r\n" + kEnd,
        "--XX\r\nno colon\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n" + kEnd}) {
    EXPECT_EQ(error_of(body), Errc::malformed) << body;
  }
}

TEST(Multipart, RefusesFilesEncodingsAndWhatIsNoText) {
  for (const char* head :
       {"Content-Disposition: form-data; name=\"a\"; filename=\"x\"",
        "Content-Disposition: form-data; name=a; filename*=x",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64"}) {
    EXPECT_EQ(error_of("--XX\r\n" + std::string(head) + "\r\n\r\n1\r\n" + kEnd), Errc::malformed) << head;
  }
  EXPECT_EQ(error_of(part("a", std::string(1, '\0')) + kEnd), Errc::malformed);
  EXPECT_EQ(error_of(part("a", "\xff") + kEnd), Errc::malformed);
  EXPECT_EQ(error_of(part("\xff", "a") + kEnd), Errc::malformed);
}

TEST(Multipart, HasLimits) {
  std::string fields;
  for (std::size_t i = 0; i < codec::kFormPairsMax; ++i) fields += part("a", "1");
  EXPECT_TRUE(parse_multipart(fields + kEnd, "XX"));
  EXPECT_EQ(error_of(fields + part("a", "1") + kEnd), Errc::exhausted);
  EXPECT_EQ(error_of(part("a", std::string(codec::kFormBytesMax, 'x')) + kEnd), Errc::exhausted);
  const auto with_lines = [](int lines) {
    std::string body = "--XX\r\n";
    for (int i = 0; i < lines; ++i) body += "X-Y: z\r\n";
    return body + "Content-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n" + kEnd;
  };
  EXPECT_TRUE(parse_multipart(with_lines(7), "XX"));
  EXPECT_EQ(error_of(with_lines(8)), Errc::exhausted);
  EXPECT_EQ(error_of("--XX\r\nX: " + std::string(600, 'x') + "\r\n\r\n" + kEnd), Errc::exhausted);
}

TEST(Multipart, FindsTheBoundaryOfAContentType) {
  EXPECT_EQ(*multipart_boundary("multipart/form-data; boundary=------------------------d74496d66958873e"),
            "------------------------d74496d66958873e");
  EXPECT_EQ(*multipart_boundary("multipart/form-data;charset=utf-8; Boundary=\"a b:c\""), "a b:c");
  EXPECT_EQ(*multipart_boundary("multipart/form-data; boundary=" + std::string(70, 'x')), std::string(70, 'x'));
  for (const std::string& type :
       {std::string("multipart/form-data"), std::string("multipart/form-data; boundary="),
        std::string("multipart/form-data; boundary=\"\""), std::string("multipart/form-data; boundary=a; boundary=a"),
        std::string("multipart/form-data; boundary=\"a"), std::string("multipart/form-data; boundary=\"a \""),
        std::string("multipart/form-data; boundary=a\\b"), std::string("multipart/form-data; boundary"),
        "multipart/form-data; boundary=" + std::string(71, 'x')}) {
    const auto read = multipart_boundary(type);
    ASSERT_FALSE(read) << type;
    EXPECT_EQ(read.error().code, Errc::malformed) << type;
  }
}

}  // namespace
}  // namespace countersign::oidc
