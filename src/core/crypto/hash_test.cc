#include "core/crypto/hash.h"

#include <gtest/gtest.h>

#include "core/crypto/equal.h"
#include "testing/vectors.h"

namespace countersign::crypto {
namespace {

using countersign::testing::unhex;

// FIPS 180-4's examples, as published with the standard.
TEST(Hash, AgreesWithTheStandardOnAbc) {
  EXPECT_EQ(hash(HashKind::sha1, bytes_of("abc")), unhex("a9993e364706816aba3e25717850c26c9cd0d89d"));
  EXPECT_EQ(hash(HashKind::sha256, bytes_of("abc")),
            unhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  EXPECT_EQ(hash(HashKind::sha512, bytes_of("abc")),
            unhex("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"));
  EXPECT_EQ(sha384(bytes_of("abc")),
            unhex("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                  "8086072ba1e7cc2358baeca134c825a7"));
}

TEST(Hash, IsTheSameInOnePieceAndInParts) {
  const ByteView parts[] = {bytes_of("ab"), {}, bytes_of("c")};
  for (const HashKind kind : {HashKind::sha1, HashKind::sha256, HashKind::sha512}) {
    EXPECT_EQ(hash(kind, parts), hash(kind, bytes_of("abc")));
    EXPECT_EQ(hash(kind, parts).size(), digest_size(kind));
  }
}

TEST(Equal, SeesEachDifference) {
  EXPECT_TRUE(equal("", ""));
  EXPECT_TRUE(equal("secret", "secret"));
  EXPECT_FALSE(equal("secret", "secreT"));
  EXPECT_FALSE(equal("Secret", "secret"));
  EXPECT_FALSE(equal("secret", "secrets"));
  EXPECT_FALSE(equal("", "s"));
}

}  // namespace
}  // namespace countersign::crypto
