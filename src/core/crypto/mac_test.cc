#include "core/crypto/mac.h"

#include <gtest/gtest.h>

#include "core/crypto/equal.h"
#include "core/crypto/hkdf.h"
#include "testing/vectors.h"

namespace countersign::crypto {
namespace {

using countersign::testing::unhex;

// RFC 2202 §3 and RFC 4231 §4, test cases 1 and 6 (a key longer than a block).
TEST(Mac, AgreesWithTheRfcs) {
  const Bytes key(20, 0x0b);
  const ByteView text = bytes_of("Hi There");
  EXPECT_EQ(hmac(HashKind::sha1, key, text), unhex("b617318655057264e28bc0b6fb378c8ef146be00"));
  EXPECT_EQ(hmac(HashKind::sha256, key, text),
            unhex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
  EXPECT_EQ(hmac(HashKind::sha512, key, text),
            unhex("87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
                  "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"));
  const ByteView long_key_text = bytes_of("Test Using Larger Than Block-Size Key - Hash Key First");
  EXPECT_EQ(hmac(HashKind::sha256, Bytes(131, 0xaa), long_key_text),
            unhex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
}

TEST(Mac, IsTheSameInOnePieceAndInParts) {
  const MacKey key(HashKind::sha512, bytes_of("key"));
  const ByteView parts[] = {bytes_of("GET\n"), bytes_of(""), bytes_of("/auth/v2/check")};
  EXPECT_EQ(key.mac(parts), key.mac(bytes_of("GET\n/auth/v2/check")));
}

TEST(Mac, ACopiedKeyOutlivesItsOriginal) {
  auto first = std::make_unique<MacKey>(HashKind::sha1, bytes_of("key"));
  const MacKey second = *first;
  const Bytes mac = first->mac(bytes_of("text"));
  first.reset();
  EXPECT_EQ(second.mac(bytes_of("text")), mac);
  EXPECT_EQ(second.mac(bytes_of("text")), mac);
}

// Runs every vector of the file; a tag shorter than the hash is its left part. Returns how many were valid.
int check_wycheproof(const nlohmann::json& file, HashKind kind) {
  int valid = 0;
  for (const auto& group : file["testGroups"]) {
    const std::size_t tag_size = group["tagSize"].get<std::size_t>() / 8;
    for (const auto& test : group["tests"]) {
      const MacKey key(kind, unhex(test["key"]));
      const Bytes mac = key.mac(unhex(test["msg"]));
      const bool same = equal(ByteView(mac).first(tag_size), ByteView(unhex(test["tag"])));
      EXPECT_EQ(same, test["result"] == "valid") << test["tcId"];
      valid += same;
    }
  }
  return valid;
}

TEST(Mac, AgreesWithWycheproofOnSha1) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/hmac_sha1_test.json");
  EXPECT_EQ(file["numberOfTests"], 170);
  EXPECT_EQ(check_wycheproof(file, HashKind::sha1), 66);
}

TEST(Mac, AgreesWithWycheproofOnSha256) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/hmac_sha256_test.json");
  EXPECT_EQ(file["numberOfTests"], 174);
  EXPECT_EQ(check_wycheproof(file, HashKind::sha256), 66);
}

TEST(Mac, AgreesWithWycheproofOnSha512) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/hmac_sha512_test.json");
  EXPECT_EQ(file["numberOfTests"], 174);
  EXPECT_EQ(check_wycheproof(file, HashKind::sha512), 66);
}

// RFC 5869 appendix A.1 and A.3.
TEST(Hkdf, AgreesWithTheRfc) {
  EXPECT_EQ(hkdf(Bytes(22, 0x0b), unhex("000102030405060708090a0b0c"), unhex("f0f1f2f3f4f5f6f7f8f9"), 42),
            unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"));
  EXPECT_EQ(hkdf(Bytes(22, 0x0b), {}, {}, 42),
            unhex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"));
}

TEST(Hkdf, AgreesWithWycheproof) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/hkdf_sha256_test.json");
  int valid = 0, too_long = 0;
  for (const auto& group : file["testGroups"]) {
    for (const auto& test : group["tests"]) {
      const auto derive = [&] {
        return hkdf(unhex(test["ikm"]), unhex(test["salt"]), unhex(test["info"]), test["size"].get<std::size_t>());
      };
      if (test["result"] == "valid") {
        EXPECT_EQ(derive(), unhex(test["okm"])) << test["tcId"];
        ++valid;
      } else {
        EXPECT_THROW(derive(), std::length_error) << test["tcId"];
        ++too_long;
      }
    }
  }
  EXPECT_EQ(valid, 83);
  EXPECT_EQ(too_long, 3);
}

}  // namespace
}  // namespace countersign::crypto
