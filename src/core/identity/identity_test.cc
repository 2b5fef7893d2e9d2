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
