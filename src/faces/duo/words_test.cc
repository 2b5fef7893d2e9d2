#include "faces/duo/words.h"

#include <gtest/gtest.h>

namespace countersign::duo {
namespace {

Words denied(std::string reason) {
  flow::Standing standing;
  standing.state = signin::State::denied;
  standing.reason = std::move(reason);
  return words_of(standing);
}

TEST(DuoWords, SayWhatToDoAboutEveryDenialThatAUserMayMeet) {
  const std::string general = denied("no such reason").sentence;
  for (const char* reason :
       {"invalid_passcode", "locked_out", "user_disabled", "denied_by_policy", "denied_network", "factor_restricted",
        "deny_unenrolled_user", "account_protected", "anomalous_push", "user_mistake"}) {
    EXPECT_NE(denied(reason).sentence, general) << reason;
    EXPECT_EQ(denied(reason).result, "deny") << reason;
  }
}

TEST(DuoWords, KeepToTheStatusesThatClientsKnow) {
  EXPECT_EQ(denied("account_protected").status, "deny");
  EXPECT_EQ(denied("anomalous_push").status, "deny");
  EXPECT_EQ(denied("locked_out").status, "locked_out");
}

}  // namespace
}  // namespace countersign::duo
