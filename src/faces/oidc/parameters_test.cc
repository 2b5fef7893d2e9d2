#include "faces/oidc/parameters.h"

#include <gtest/gtest.h>

namespace countersign::oidc {
namespace {

net::HttpRequest post(std::string query, std::string body, std::string content_type) {
  net::HttpRequest out;
  out.method = "POST";
  out.query = std::move(query);
  out.body = std::move(body);
  if (!content_type.empty()) out.headers.push_back({"content-type", std::move(content_type)});
  return out;
}

constexpr const char* kForm = "application/x-www-form-urlencoded";

Parameters read(const net::HttpRequest& request) {
  auto out = Parameters::of(request);
  EXPECT_TRUE(std::holds_alternative<Parameters>(out));
  return std::get<Parameters>(std::move(out));
}

std::string cause(const net::HttpRequest& request) {
  const auto out = Parameters::of(request);
  const auto* problem = std::get_if<Problem>(&out);
  if (!problem) return "(fine)";
  EXPECT_EQ(problem->word, Word::invalid_request);
  return problem->cause;
}

TEST(Parameters, StandInAFormAMultipartFormOrTheQueryOfAPost) {
  const std::string multipart = "--b\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\na b\r\n--b--\r\n";
  for (const net::HttpRequest& request :
       {post("", "code=a+b", kForm), post("", "code=a%20b", "Application/X-WWW-Form-Urlencoded; charset=UTF-8"),
        post("", multipart, "multipart/form-data; boundary=b"), post("code=a%20b", "", ""),
        post("code=a%20b", "", kForm), post("code=a%20b", "x=y", kForm)}) {
    Parameters in = read(request);
    EXPECT_EQ(in.need("code", 10), "a b");
    EXPECT_FALSE(in.problem());
  }
}

TEST(Parameters, OfAGetStandInTheQueryAlone) {
  net::HttpRequest request = post("code=a", "code=b", kForm);
  request.method = "GET";
  Parameters in = read(request);
  EXPECT_EQ(in.need("code", 10), "a");
}

TEST(Parameters, ThatAreAskedForStandOnce) {
  for (const net::HttpRequest& request : {post("", "code=a&code=a", kForm), post("code=a", "code=a", kForm)}) {
    Parameters in = read(request);
    EXPECT_EQ(in.need("code", 10), "");
    ASSERT_TRUE(in.problem());
    EXPECT_EQ(in.problem()->word, Word::invalid_request);
    EXPECT_EQ(in.problem()->cause, "code: it is given twice.");
  }
  Parameters in = read(post("x=1&x=2", "code=a&x=3", kForm));
  EXPECT_EQ(in.need("code", 10), "a");
  EXPECT_FALSE(in.problem());
}

TEST(Parameters, HaveALengthAndSayWhatIsMissing) {
  Parameters in = read(post("", "code=abc&empty=", kForm));
  EXPECT_EQ(in.text("code", 3), "abc");
  EXPECT_EQ(in.text("nothing", 3), "");
  EXPECT_FALSE(in.problem());
  in.need("empty", 3);
  EXPECT_EQ(in.problem()->cause, "empty: it is missing.");
  Parameters longer = read(post("", "code=abc", kForm));
  EXPECT_EQ(longer.text("code", 2), "");
  EXPECT_EQ(longer.problem()->cause, "code: it is longer than 2 bytes.");
}

TEST(Parameters, OfABodyThatIsNoFormAreRefused) {
  EXPECT_EQ(cause(post("", "{}", "application/json")),
            "The body: Content-Type must be application/x-www-form-urlencoded or multipart/form-data.");
  EXPECT_EQ(cause(post("", "code=a", "")),
            "The body: Content-Type must be application/x-www-form-urlencoded or multipart/form-data.");
  EXPECT_EQ(cause(post("", "code=%zz", kForm)), "The body: form text is not percent-encoded UTF-8.");
  EXPECT_EQ(cause(post("code=%00", "", "")), "The query: form text is not percent-encoded UTF-8.");
  EXPECT_EQ(cause(post("", "code", "multipart/form-data")), "The body: multipart/form-data without a boundary.");
  EXPECT_EQ(cause(post("", "code", "multipart/form-data; boundary=b")),
            "The body: the form does not begin with its boundary.");
}

}  // namespace
}  // namespace countersign::oidc
