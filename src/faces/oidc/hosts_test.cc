#include "faces/oidc/hosts.h"

#include <gtest/gtest.h>

namespace countersign::oidc {
namespace {

TEST(HostNames, KnowTheirOwnOnAnyPort) {
  const HostNames names({"mfa.example.test", "2001:db8::1"});
  for (const char* ours : {"mfa.example.test", "MFA.Example.Test:8443", "localhost", "localhost:1", "127.0.0.1:65535",
                           "[::1]", "[::1]:8443", "[2001:DB8::1]:443"}) {
    EXPECT_TRUE(names.know(ours)) << ours;
  }
  for (const char* others : {"", "example.test", "evil.mfa.example.test", "mfa.example.test.", "mfa.example.test:",
                             "mfa.example.test:0", "mfa.example.test:65536", "mfa.example.test:8443x",
                             "mfa.example.test:123456", "user@mfa.example.test", "mfa.example.test/", "::1", "[::1",
                             "[::1]8443", "[localhost]", "localhost\\", "local host", "localhost:8443:1"}) {
    EXPECT_FALSE(names.know(others)) << others;
  }
}

TEST(HostNames, HaveALimit) {
  const HostNames names({std::string(kAuthorityMax + 1, 'a')});
  EXPECT_FALSE(names.know(std::string(kAuthorityMax + 1, 'a')));
}

TEST(HttpsUrl, IsTakenApartAsWritten) {
  const auto url = split_https("https://LocalHost:8443/oauth/v1/token");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->authority, "LocalHost:8443");
  EXPECT_EQ(url->path, "/oauth/v1/token");
  EXPECT_EQ(split_https("https://localhost")->path, "");
  for (const char* other : {"", "localhost", "http://localhost", "HTTPS://localhost", "https://", "https:///x",
                            "https://a@localhost/", "https://localhost?x", "https://localhost#x"}) {
    EXPECT_FALSE(split_https(other)) << other;
  }
}

}  // namespace
}  // namespace countersign::oidc
