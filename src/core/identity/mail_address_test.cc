#include "core/identity/mail_address.h"

#include <gtest/gtest.h>

namespace countersign {
namespace {

using namespace std::string_literals;

TEST(MailAddress, TakesWhatNeedsNoQuoting) {
  for (const std::string& address :
       {"a@b"s, "ada@example.org"s, "ada.lovelace+incidents@mail.example.org"s, "!#$%&'*+-/=?^_`{|}~@x-y.example"s,
        std::string(64, 'a') + "@example.org", "a@" + std::string(63, 'b') + ".example"}) {
    EXPECT_TRUE(check_mail_address(address)) << address;
  }
}

TEST(MailAddress, RefusesEverythingElse) {
  for (const std::string& address : {""s,
                                     "ada"s,
                                     "@example.org"s,
                                     "ada@"s,
                                     "ada@example..org"s,
                                     ".ada@example.org"s,
                                     "ada.@example.org"s,
                                     "a..b@example.org"s,
                                     "ada@-example.org"s,
                                     "ada@example-.org"s,
                                     "ada@[127.0.0.1]"s,
                                     "\"ada\"@example.org"s,
                                     "ada@example.org>"s,
                                     "<ada@example.org>"s,
                                     "ada@example.org\r\nBcc: eve@example.org"s,
                                     "ada @example.org"s,
                                     "ada@example.org "s,
                                     "a,b@example.org"s,
                                     "eve@x@example.org"s,
                                     "adá@example.org"s,
                                     "ada@exämple.org"s,
                                     "ada\0@example.org"s,
                                     std::string(65, 'a') + "@example.org",
                                     "a@" + std::string(64, 'b') + ".example",
                                     "a@" + std::string(63, 'b') + "." + std::string(63, 'b') + "." +
                                         std::string(63, 'b') + "." + std::string(63, 'b')}) {
    const auto checked = check_mail_address(address);
    ASSERT_FALSE(checked) << address;
    EXPECT_EQ(checked.error().code, Errc::malformed);
  }
}

TEST(MailAddress, IsMaskedForScreens) {
  EXPECT_EQ(masked_mail_address("ada.lovelace@example.org"), "a•••@example.org");
  EXPECT_EQ(masked_mail_address("@"), "•••");
  EXPECT_EQ(masked_mail_address("nobody"), "•••");
}

}  // namespace
}  // namespace countersign
