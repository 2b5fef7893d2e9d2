#include <gtest/gtest.h>

#include <algorithm>

#include "core/crypto/aead.h"
#include "core/crypto/hkdf.h"
#include "core/history/epoch.h"
#include "testing/seeded_random.h"

namespace countersign::history {
namespace {

constexpr std::string_view kOpen = R"({"kind":"telephony"})", kText = R"({"phone":"+14155550100"})";

EpochHeader header_of(std::string_view tenant, std::int64_t day, std::uint8_t id) {
  EpochHeader out;
  out.tenant = TenantId::trusted(tenant);
  out.day = day;
  out.id.fill(id);
  return out;
}

Secret epoch_key() { return Secret(ByteView(Bytes(kEpochKeySize, 9))); }
EpochKey key_of(const EpochHeader& header) { return *EpochKey::make(header, epoch_key()); }

struct Rows : ::testing::Test {
  EpochHeader header = header_of("DA1", 20'526, 7);
  EpochKey key = key_of(header);
};

TEST_F(Rows, OpenToWhatWasSealed) {
  for (const std::size_t size : {0u, 1u, 252u, 253u, 508u, 509u, 100'000u}) {
    const std::string text(size, 't');
    const Bytes row = *key.seal(size % 1000, kOpen, text);
    EXPECT_EQ(*key.open(kOpen, row), text);
    EXPECT_EQ(place_of(row)->epoch, header.id);
    EXPECT_EQ(place_of(row)->number, size % 1000);
  }
}

TEST_F(Rows, TellTheirLengthToTheNext256Bytes) {
  for (std::size_t size = 0; size <= 252; ++size) {
    EXPECT_EQ(key.seal(1, kOpen, std::string(size, 'x'))->size(), 24u + 256 + 16) << size;
  }
  EXPECT_EQ(key.seal(1, kOpen, std::string(253, 'x'))->size(), 24u + 512 + 16);
  EXPECT_EQ(key.seal(1, kOpen, std::string(508, 'x'))->size(), 24u + 512 + 16);
  EXPECT_EQ(key.seal(1, kOpen, std::string(509, 'x'))->size(), 24u + 768 + 16);
}

TEST_F(Rows, RefuseEveryFlippedBit) {
  const Bytes good = *key.seal(5, kOpen, kText);
  int refused = 0, malformed = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    const auto opened = key.open(kOpen, bad);
    ASSERT_FALSE(opened) << bit;
    EXPECT_FALSE(opened.error().what.empty());
    refused += opened.error().code == Errc::refused;
    malformed += opened.error().code == Errc::malformed;
  }
  EXPECT_EQ(malformed, 48);  // numbers beyond any epoch
  EXPECT_EQ(refused, static_cast<int>(good.size() * 8) - 48);
}

TEST_F(Rows, RefuseEveryFlippedBitOfTheOpenFields) {
  const Bytes row = *key.seal(5, kOpen, kText);
  for (std::size_t bit = 0; bit < kOpen.size() * 8; ++bit) {
    std::string open(kOpen);
    open[bit / 8] = static_cast<char>(open[bit / 8] ^ 1 << bit % 8);
    EXPECT_EQ(key.open(open, row).error().code, Errc::refused) << bit;
  }
  EXPECT_EQ(key.open("", row).error().code, Errc::refused);
  EXPECT_EQ(key.open(std::string(kOpen) + " ", row).error().code, Errc::refused);
}

// The same epoch key everywhere, so that only the binding tells the places apart.
TEST_F(Rows, RefuseToOpenAnywhereElse) {
  const Bytes row = *key.seal(5, kOpen, kText);
  EXPECT_EQ(key_of(header_of("DA2", 20'526, 7)).open(kOpen, row).error().code, Errc::refused);
  EXPECT_EQ(key_of(header_of("DA1", 20'527, 7)).open(kOpen, row).error().code, Errc::refused);
  const EpochKey other = key_of(header_of("DA1", 20'526, 8));
  EXPECT_EQ(other.open(kOpen, row).error().code, Errc::refused);
  Bytes moved = row;
  std::ranges::copy(other.id(), moved.begin());
  EXPECT_EQ(other.open(kOpen, moved).error().code, Errc::refused);
  Bytes renumbered = row;
  renumbered[23] = 6;
  EXPECT_EQ(key.open(kOpen, renumbered).error().code, Errc::refused);
  const auto stranger = *EpochKey::make(header, Secret(ByteView(Bytes(kEpochKeySize, 8))));
  EXPECT_EQ(stranger.open(kOpen, row).error().code, Errc::refused);
}

// Where tenant and open fields meet, no character can change sides.
TEST_F(Rows, DoNotMixUpNeighbouringFields) {
  const Bytes row = *key_of(header_of("DA", 0, 7)).seal(0, "1x", kText);
  EXPECT_EQ(key_of(header_of("DA1", 0, 7)).open("x", row).error().code, Errc::refused);
}

TEST_F(Rows, EndWithTheEpoch) {
  EXPECT_TRUE(key.seal(kEpochRowsMax - 1, kOpen, kText));
  EXPECT_EQ(key.seal(kEpochRowsMax, kOpen, kText).error().code, Errc::exhausted);
  EXPECT_EQ(key.seal(UINT64_MAX, kOpen, kText).error().code, Errc::exhausted);
}

TEST_F(Rows, HaveAtMostOneMebibyte) {
  const std::string most(kRowPlainMax, 'x');
  EXPECT_EQ(*key.open(kOpen, *key.seal(0, kOpen, most)), most);
  EXPECT_EQ(key.seal(0, kOpen, most + "x").error().code, Errc::exhausted);
}

TEST_F(Rows, HaveNoOtherLengths) {
  const Bytes row = *key.seal(0, kOpen, kText);
  for (std::size_t size = 0; size < row.size(); ++size) {
    EXPECT_EQ(place_of(ByteView(row).first(size)).error().code, Errc::malformed) << size;
    EXPECT_EQ(key.open(kOpen, ByteView(row).first(size)).error().code, Errc::malformed) << size;
  }
  Bytes longer = row;
  longer.push_back(0);
  EXPECT_EQ(key.open(kOpen, longer).error().code, Errc::malformed);
  longer.resize(row.size() + 256);
  EXPECT_EQ(key.open(kOpen, longer).error().code, Errc::refused);
  EXPECT_EQ(place_of(Bytes(24 + kRowPlainMax + 512 + 16)).error().code, Errc::malformed);
}

TEST_F(Rows, NeverShareANonce) {
  const Bytes one = *key.seal(1, kOpen, kText), two = *key.seal(2, kOpen, kText);
  EXPECT_FALSE(std::equal(one.begin() + 24, one.end(), two.begin() + 24));
}

// Only a holder of the key can make these: the key and nonce are derived as the page says.
struct BadlyPadded : Rows {
  Bytes sealed_by_hand(const Bytes& plain) const {
    const std::string label = "countersign-history/v1 row ";
    const auto aead = *crypto::AeadKey::from_bytes(crypto::hkdf(Bytes(32, 9), {}, bytes_of(label + "key"), 32));
    Bytes bound = {'M', 'F', 'A', 'R', 1, 0, 3, 'D', 'A', '1', 0, 0, 0, 0, 0, 0, 0x50, 0x2e};
    append(bound, header.id);
    append(bound, Bytes(8));
    append(bound, bytes_of(kOpen));
    Bytes row(header.id.begin(), header.id.end());
    append(row, Bytes(8));
    append(row, aead.seal(crypto::hkdf(Bytes(32, 9), {}, bytes_of(label + "nonce"), 12), bound, plain));
    return row;
  }
};

TEST_F(BadlyPadded, RowsAreMalformed) {
  Bytes plain(256);
  plain[3] = 10;
  EXPECT_EQ(key.open(kOpen, sealed_by_hand(plain))->size(), 10u);
  plain[14] = 1;
  EXPECT_EQ(key.open(kOpen, sealed_by_hand(plain)).error().code, Errc::malformed);
  plain = Bytes(512);  // a block too many
  plain[3] = 10;
  EXPECT_EQ(key.open(kOpen, sealed_by_hand(plain)).error().code, Errc::malformed);
  plain = Bytes(256);
  plain[3] = 253;  // more than is there
  EXPECT_EQ(key.open(kOpen, sealed_by_hand(plain)).error().code, Errc::malformed);
  std::fill_n(plain.begin(), 4, std::uint8_t{255});
  EXPECT_EQ(key.open(kOpen, sealed_by_hand(plain)).error().code, Errc::malformed);
}

TEST_F(Rows, HaveOneHashForOpenAndSealedTogether) {
  EXPECT_NE(row_hash("ab", bytes_of("c")), row_hash("a", bytes_of("bc")));
  EXPECT_NE(row_hash("", bytes_of("abc")), row_hash("abc", {}));
  EXPECT_EQ(row_hash("ab", bytes_of("c")).size(), 32u);
}

struct Trailers : Rows {
  std::vector<Bytes> hashes;
  void SetUp() override {
    for (std::uint64_t i = 0; i < 5; ++i) hashes.push_back(row_hash(kOpen, *key.seal(i, kOpen, kText)));
  }
};

TEST_F(Trailers, ComeBackFromTheirBytes) {
  const EpochTrailer trailer = *trailer_of(header.id, hashes);
  EXPECT_EQ(trailer.rows, 5u);
  EXPECT_EQ(encode(trailer).size(), 61u);
  EXPECT_EQ(*decode_trailer(encode(trailer)), trailer);
  EXPECT_TRUE(check(trailer, header.id, hashes));
  EXPECT_TRUE(check(*trailer_of(header.id, {}), header.id, {}));
}

TEST_F(Trailers, RefuseEveryFlippedBit) {
  const Bytes good = encode(*trailer_of(header.id, hashes));
  int refused = 0, malformed = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    const auto trailer = decode_trailer(bad);
    const auto checked = trailer ? check(*trailer, header.id, hashes) : Result<void>(trailer.error());
    ASSERT_FALSE(checked) << bit;
    refused += checked.error().code == Errc::refused;
    malformed += checked.error().code == Errc::malformed;
  }
  EXPECT_EQ(malformed, 5 * 8 + 48);  // magic, version, and more rows than an epoch has
  EXPECT_EQ(refused, 61 * 8 - malformed);
}

TEST_F(Trailers, RefuseRowsThatAreMissingSwappedOrMore) {
  const EpochTrailer trailer = *trailer_of(header.id, hashes);
  std::vector<Bytes> fewer(hashes.begin(), hashes.end() - 1), swapped = hashes, more = hashes;
  std::swap(swapped[0], swapped[1]);
  more.push_back(hashes[0]);
  for (const auto& bad : {fewer, swapped, more, {}}) {
    EXPECT_EQ(check(trailer, header.id, bad).error().code, Errc::refused);
  }
  EXPECT_EQ(check(trailer, EpochId{}, hashes).error().code, Errc::refused);
  EXPECT_EQ(trailer_of(header.id, {Bytes(31)}).error().code, Errc::malformed);
}

TEST_F(Trailers, AreNotCutShortAndDoNotGoOn) {
  Bytes bytes = encode(*trailer_of(header.id, hashes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_trailer(ByteView(bytes).first(size)).error().code, Errc::malformed) << size;
  }
  bytes.push_back(0);
  EXPECT_EQ(decode_trailer(bytes).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::history
