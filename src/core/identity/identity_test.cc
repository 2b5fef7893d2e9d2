#include <gtest/gtest.h>

#include "core/identity/application.h"
#include "core/identity/user.h"

namespace countersign {
namespace {

TEST(AppType, ReadsBackWhatItWrites) {
  for (int i = 0; i <= static_cast<int>(AppType::partner); ++i) {
    const auto type = static_cast<AppType>(i);
    EXPECT_EQ(app_type(name(type)), type);
  }
  EXPECT_EQ(app_type("unix"), AppType::unix_login);
  EXPECT_FALSE(app_type("nothing"));
}

TEST(AppType, AdministrationKeysMayNotAuthenticate) {
  EXPECT_FALSE(may_authenticate(AppType::adminapi));
  EXPECT_FALSE(may_authenticate(AppType::accountsapi));
}

TEST(RedirectUri, IsHttpsOrThisMachine) {
  for (const char* fine :
       {"https://app.example/cb", "https://app.example:8443/cb?x=1&y=%2F", "https://app.example", "http://localhost/cb",
        "http://localhost:3000/cb", "http://127.0.0.1:8080/", "http://[::1]:8080/cb", "https://[2001:db8::1]/cb",
        "https://app.example?from=mfa", "https://192.0.2.7/a@b"}) {
    EXPECT_TRUE(check_redirect_uri(fine)) << fine;
  }
}

TEST(RedirectUri, RefusesWhatLeadsElsewhere) {
  for (const char* wrong :
       {"", "https://", "https:///cb", "http://app.example/cb", "http://localhost.example/cb",
        "http://127.0.0.1.example/", "ftp://app.example/", "javascript:alert(1)", "HTTPS://app.example/",
        "//app.example/", "/cb", "https://app.example/cb#top", "https://good.example@evil.example/",
        "https://app.example:port/",
        "https://app.example:/", "https://app.example:123456/", "https://[::1/", "https://[::1]evil.example/",
        "https://[x]/", "https://app.example\\@evil.example/", "https://app.example/a b", "https://app.example/\n",
        "https://app.example/\"", "https://\xc3\xa4.example/", "https://a%2eexample/"}) {
    const auto checked = check_redirect_uri(wrong);
    ASSERT_FALSE(checked) << wrong;
    EXPECT_EQ(checked.error().code, Errc::malformed);
  }
}

TEST(RedirectUri, HasALimit) {
  const std::string start = "https://app.example/";
  EXPECT_TRUE(check_redirect_uri(start + std::string(kRedirectUriMax - start.size(), 'a')));
  EXPECT_EQ(check_redirect_uri(start + std::string(kRedirectUriMax - start.size() + 1, 'a')).error().code,
            Errc::malformed);
}

TEST(Username, IsComparedWithoutCase) {
  EXPECT_EQ(*canonical_username("Alice"), "alice");
  EXPECT_EQ(*canonical_username("Zoë"), "zoë");
}

TEST(Username, RefusesControlCharactersAndSizes) {
  EXPECT_EQ(canonical_username("").error().code, Errc::malformed);
  EXPECT_EQ(canonical_username("a\nb").error().code, Errc::malformed);
  EXPECT_EQ(canonical_username(std::string(256, 'a')).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign
