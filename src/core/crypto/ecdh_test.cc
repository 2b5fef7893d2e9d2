#include "core/crypto/ecdh.h"

#include <gtest/gtest.h>

#include "core/crypto/equal.h"
#include "testing/seeded_random.h"
#include "testing/vectors.h"

namespace countersign::crypto {
namespace {

TEST(Ecdh, BothSidesFindTheSameSecret) {
  testing::SeededRandom random;
  const Es256Key ada = Es256Key::generate(random), ben = Es256Key::generate(random);
  const Secret of_ada = ecdh(ada, ben.public_key()), of_ben = ecdh(ben, ada.public_key());
  EXPECT_EQ(of_ada.size(), 32u);
  EXPECT_TRUE(equal(of_ada.reveal_bytes(), of_ben.reveal_bytes()));
  EXPECT_FALSE(equal(of_ada.reveal_bytes(), ecdh(ada, ada.public_key()).reveal_bytes()));
}

// The vectors that are a plain point; the others are about parsing, which Es256PublicKey's tests cover.
TEST(Ecdh, AgreesWithWycheproof) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/ecdh_secp256r1_ecpoint_test.json");
  int tried = 0;
  for (const auto& group : file["testGroups"]) {
    for (const auto& one : group["tests"]) {
      const Bytes point = testing::unhex(one["public"].get<std::string>());
      const Result<Es256PublicKey> theirs = Es256PublicKey::from_point(point);
      if (one["result"] == "invalid") {
        EXPECT_FALSE(theirs) << one["tcId"];
      }
      if (one["result"] != "valid") continue;
      std::string scalar = one["private"].get<std::string>();
      scalar = std::string(scalar.size() < 64 ? 64 - scalar.size() : 0, '0') + scalar;
      const auto ours = Es256Key::from_scalar(testing::unhex(scalar.substr(scalar.size() - 64)));
      ASSERT_TRUE(theirs && ours) << one["tcId"];
      EXPECT_TRUE(equal(ecdh(*ours, *theirs).reveal_bytes(), testing::unhex(one["shared"].get<std::string>())))
          << one["tcId"];
      ++tried;
    }
  }
  EXPECT_GT(tried, 200);
}

}  // namespace
}  // namespace countersign::crypto
