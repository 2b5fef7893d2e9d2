#include "keys/root_key.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/codec/hex.h"
#include "core/crypto/aead.h"
#include "keys/local.h"
#include "testing/seeded_random.h"

namespace countersign::keys {
namespace {

const Instant kNow = from_unix_s(1'700'000'010);

class RootKeysTest : public ::testing::Test {
 protected:
  testing::SeededRandom random;
  const RootKeys first = RootKeys::fresh(random);
  const RootKeys waiting = *first.with_added(random, kNow);
  const RootKeys both = *waiting.with_first(waiting.at(1).id);
  const TenantId tenant = TenantId::trusted("DA1");
  const Place place{tenant, "phones", "number", "DP1"};

  static Bytes bytes(ByteView of) { return Bytes(of.begin(), of.end()); }
  static Bytes stored(const RootKeys& keys) {
    const Secret encoded = keys.encode();
    return bytes(encoded.reveal_bytes());
  }
  static RootKeys again(const RootKeys& keys) { return *RootKeys::decode(stored(keys)); }
  LocalKeys local(const RootKeys& keys) { return LocalKeys(again(keys), random); }
};

TEST_F(RootKeysTest, OneKeyIsStoredAsItsThirtyTwoBytes) {
  const Bytes plain = stored(first);
  EXPECT_EQ(plain, bytes(first.newest().key));
  const RootKeys opened = again(first);
  EXPECT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened.newest().made, std::nullopt);
  EXPECT_EQ(opened.newest().id, root_id(plain));
}

TEST_F(RootKeysTest, AnIdIsTheHashOfTheKeyUnderItsName) {
  // printf 'countersign root key' + 32 zero bytes | sha256sum
  EXPECT_EQ(codec::to_hex(root_id(Bytes(kRootKeySize))), "963519d9");
}

TEST_F(RootKeysTest, ANewKeySealsNothingBeforeItIsFirst) {
  EXPECT_EQ(waiting.newest().id, first.newest().id);
  auto keys = local(waiting);
  EXPECT_TRUE(local(first).unseal(place, *keys.seal(place, Secret("x"))));
  EXPECT_EQ(keys.unseal(place, *local(both).seal(place, Secret("y")))->reveal(), "y");
  EXPECT_EQ(first.with_first(both.newest().id).error().code, Errc::not_found);
}

TEST_F(RootKeysTest, TheListReadsBackAsItWas) {
  EXPECT_EQ(both.size(), 2u);
  EXPECT_EQ(both.at(1).id, first.newest().id);
  EXPECT_EQ(both.newest().made, kNow);
  const RootKeys opened = again(both);
  EXPECT_EQ(stored(opened), stored(both));
  EXPECT_EQ(bytes(opened.newest().key), bytes(both.newest().key));
  EXPECT_EQ(opened.newest().made, both.newest().made);
  EXPECT_EQ(bytes(opened.find(first.newest().id)->key), bytes(first.newest().key));
  EXPECT_FALSE(opened.find(Bytes{1, 2, 3, 4}));
}

TEST_F(RootKeysTest, ADroppedKeyIsInTheListNoMore) {
  const RootKeys left = *both.without(first.newest().id);
  EXPECT_EQ(left.size(), 1u);
  EXPECT_EQ(left.newest().id, both.newest().id);
  const Bytes list = stored(left);
  const ByteView gone = first.newest().key;
  EXPECT_EQ(std::ranges::search(list, gone).size(), 0u);
  EXPECT_EQ(both.without(both.newest().id).error().code, Errc::conflict);
  EXPECT_EQ(left.without(first.newest().id).error().code, Errc::not_found);
}

TEST_F(RootKeysTest, TheListHasALimit) {
  RootKeys keys = again(first);
  while (keys.size() < kRootKeysMax) keys = *keys.with_added(random, kNow);
  EXPECT_EQ(keys.with_added(random, kNow).error().code, Errc::exhausted);
  EXPECT_EQ(again(keys).size(), kRootKeysMax);
  EXPECT_LE(stored(keys).size(), kRootFileMax);
}

TEST_F(RootKeysTest, ADamagedListIsRefused) {
  const Bytes list = stored(both);
  for (std::size_t i = 0; i < list.size(); ++i) {
    Bytes altered = list;
    altered[i] ^= 1;
    EXPECT_EQ(RootKeys::decode(altered).error().code, Errc::refused) << i;
    if (i != kRootKeySize) {
      EXPECT_EQ(RootKeys::decode(ByteView(list).first(i)).error().code, Errc::refused) << i;
    }
  }
  Bytes longer = list;
  longer.push_back(0);
  EXPECT_EQ(RootKeys::decode(longer).error().code, Errc::refused);
}

TEST_F(RootKeysTest, DigestsAndNumbersOutliveEveryRootKey) {
  auto before = local(first), during = local(both), after = local(*both.without(first.newest().id));
  for (const char* purpose : {"activation", "credential", "a purpose of later"}) {
    const Bytes digest = *before.token_digest(purpose, Secret("t"));
    EXPECT_EQ(*during.token_digest(purpose, Secret("t")), digest) << purpose;
    EXPECT_EQ(*after.token_digest(purpose, Secret("t")), digest) << purpose;
  }
  const AttemptId attempt = AttemptId::trusted("1");
  EXPECT_EQ(*before.push_number(tenant, attempt, 6), *after.push_number(tenant, attempt, 6));
}

TEST_F(RootKeysTest, WhatTheFirstVersionSealedOpensWithAnyOfTheList) {
  const auto key = *crypto::AeadKey::from_bytes(derive(first.newest().key, "seal/v0", tenant.text(), {}));
  Bytes bound;
  for (const std::string_view field : {std::string_view("DA1"), place.table, place.column, place.row}) {
    for (const std::size_t n : {field.size(), std::size_t{0}, std::size_t{0}, std::size_t{0}}) {
      bound.push_back(static_cast<std::uint8_t>(n));
    }
    append(bound, bytes_of(field));
  }
  Bytes sealed = {1};
  append(sealed, key.seal(random, bound, bytes_of("+15550100100")));
  EXPECT_EQ(local(first).unseal(place, sealed)->reveal(), "+15550100100");
  EXPECT_EQ(local(both).unseal(place, sealed)->reveal(), "+15550100100");
  EXPECT_EQ(local(*both.without(first.newest().id)).unseal(place, sealed).error().code, Errc::refused);
}

TEST_F(RootKeysTest, ValuesNameTheRootKeyTheyAreSealedUnder) {
  auto before = local(first), during = local(both), after = local(*both.without(first.newest().id));
  const Bytes old_value = *before.seal(place, Secret("x")), new_value = *during.seal(place, Secret("y"));
  EXPECT_EQ(old_value[0], 2);
  EXPECT_TRUE(std::ranges::equal(ByteView(old_value).subspan(1, kRootIdSize), first.newest().id));
  EXPECT_TRUE(std::ranges::equal(ByteView(new_value).subspan(1, kRootIdSize), both.newest().id));
  EXPECT_EQ(during.unseal(place, old_value)->reveal(), "x");
  EXPECT_EQ(after.unseal(place, new_value)->reveal(), "y");
  EXPECT_EQ(before.unseal(place, new_value).error().code, Errc::refused);
  EXPECT_EQ(after.unseal(place, old_value).error().code, Errc::refused);
}

}  // namespace
}  // namespace countersign::keys
