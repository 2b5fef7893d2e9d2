#include "faces/oidc/return_address.h"

#include <gtest/gtest.h>

namespace countersign::oidc {
namespace {

Application listing(std::vector<std::string> uris) {
  Application app;
  app.redirect_uris = std::move(uris);
  return app;
}

std::string refusal(std::string_view uri, const Application& app = {}) {
  const auto checked = allow_redirect_uri(uri, app);
  if (checked) return "(allowed)";
  EXPECT_EQ(checked.error().code, Errc::malformed) << uri;
  return checked.error().what;
}

TEST(RedirectUri, IsHttpsOrThisMachineWhereNoneIsListed) {
  for (const char* fine : {"https://app.example/cb", "https://app.example:8443/cb?a=b&c=%20d", "https://app.example",
                           "http://localhost:3000/cb", "http://127.0.0.1/", "http://[::1]:80/cb"}) {
    EXPECT_EQ(refusal(fine), "(allowed)") << fine;
  }
  for (const char* wrong : {"http://app.example/cb", "http://localhost.evil.example/", "https://app.example/#x",
                            "https://user@app.example/", "https://a:b@app.example/", "javascript:alert(1)", "/cb",
                            "https://app.example\\@evil.example/", "https://app.example/\r\nset-cookie:a", "https://",
                            "https:///x", "ftp://app.example/"}) {
    EXPECT_TRUE(refusal(wrong).starts_with("redirect_uri: it must be https://HOST/PATH")) << wrong;
  }
}

TEST(RedirectUri, NamesTheLengthThatItMayHave) {
  const std::string start = "https://app.example/";
  EXPECT_EQ(refusal(start + std::string(256 - start.size(), 'a')), "(allowed)");
  EXPECT_EQ(refusal(start + std::string(257 - start.size(), 'a')),
            "redirect_uri: its length must be from 1 to 256, it is 257.");
  EXPECT_EQ(refusal(""), "redirect_uri: its length must be from 1 to 256, it is 0.");
}

TEST(RedirectUri, IsOneOfTheListCharacterForCharacter) {
  const Application app = listing({"https://app.example/cb", "https://other.example/"});
  EXPECT_EQ(refusal("https://app.example/cb", app), "(allowed)");
  EXPECT_EQ(refusal("https://other.example/", app), "(allowed)");
  for (const char* near : {"https://app.example/cb/", "https://app.example/cb?x", "https://APP.example/cb",
                           "https://app.example:443/cb", "https://app.example/%63b", "https://app.example/",
                           "http://localhost/cb"}) {
    EXPECT_TRUE(refusal(near, app).starts_with("redirect_uri: it is none of those")) << near;
  }
}

TEST(RedirectUri, KeepsItsOwnQuery) {
  EXPECT_EQ(with_parameters("https://app.example/cb", {{"a", "b c"}, {"d", "&"}}),
            "https://app.example/cb?a=b%20c&d=%26");
  EXPECT_EQ(with_parameters("https://app.example/cb?x=1", {{"a", "b"}}), "https://app.example/cb?x=1&a=b");
  EXPECT_EQ(with_parameters("https://app.example/cb?", {{"a", "b"}}), "https://app.example/cb?a=b");
}

}  // namespace
}  // namespace countersign::oidc
