#include "core/history/epoch.h"

#include <gtest/gtest.h>

#include <map>

#include "core/crypto/equal.h"
#include "testing/seeded_random.h"

namespace countersign::history {
namespace {

using crypto::X25519Key;
using crypto::X25519PublicKey;

constexpr std::int64_t kDay = 20'526;  // 2026-03-14

// A tenant with a key of its own, the service, and a month.
struct Epochs : ::testing::Test {
  testing::SeededRandom random;
  X25519Key service = X25519Key::generate(random), tenant = X25519Key::generate(random);
  Secret month = Secret(ByteView(random_bytes(random, 32)));
  Secret key = Secret(ByteView(random_bytes(random, kEpochKeySize)));

  Secret psk(std::int64_t day = kDay) const { return day_key(month.reveal_bytes(), day); }
  std::vector<X25519PublicKey> both() const { return {service.public_key(), tenant.public_key()}; }
  EpochHeader unwrapped() {
    EpochHeader out;
    out.tenant = TenantId::trusted("DA23456789ABCDEFGHJK");
    out.day = kDay;
    random.fill(out.id);
    out.writer = "node1-1773446400";
    out.tag_bits = 8;
    return out;
  }
  EpochHeader wrapped() {
    EpochHeader out = unwrapped();
    EXPECT_TRUE(wrap(out, key, both(), psk().reveal_bytes(), random));
    return out;
  }
  Result<void> wrap_for(EpochHeader& header, const std::vector<X25519PublicKey>& recipients) {
    return wrap(header, key, recipients, psk().reveal_bytes(), random);
  }
  Errc unwrap_error(const EpochHeader& header) const {
    const auto opened = unwrap(header, service, psk(header.day).reveal_bytes());
    EXPECT_FALSE(opened);
    return opened ? Errc::unavailable : opened.error().code;
  }
};

TEST_F(Epochs, OpenForEveryRecipientAndComeBackFromTheirBytes) {
  const EpochHeader header = wrapped();
  EXPECT_EQ(*decode_header(encode(header)), header);
  for (const X25519Key* who : {&service, &tenant}) {
    EXPECT_TRUE(crypto::equal(unwrap(header, *who, psk().reveal_bytes())->reveal_bytes(), key.reveal_bytes()));
  }
}

TEST_F(Epochs, TakeOneToEightRecipientsAndNoneTwice) {
  std::vector<X25519PublicKey> recipients;
  EpochHeader header = unwrapped();
  EXPECT_EQ(wrap_for(header, recipients).error().code, Errc::malformed);
  for (std::size_t i = 0; i < kRecipientsMax; ++i) {
    recipients.push_back(X25519Key::generate(random).public_key());
    EXPECT_TRUE(wrap_for(header, recipients));
    EXPECT_EQ(*decode_header(encode(header)), header);
  }
  recipients.push_back(service.public_key());
  EXPECT_EQ(wrap_for(header, recipients).error().code, Errc::malformed);
  EXPECT_EQ(wrap_for(header, {service.public_key(), service.public_key()}).error().code, Errc::malformed);
}

TEST_F(Epochs, DoNotOpenForAnotherRecipient) {
  EXPECT_EQ(unwrap(wrapped(), X25519Key::generate(random), psk().reveal_bytes()).error().code, Errc::not_found);
}

TEST_F(Epochs, DoNotOpenWithAnotherDaysOrMonthsKey) {
  const EpochHeader header = wrapped();
  for (const std::int64_t day : {kDay - 1, kDay + 1, kDay + 365}) {
    EXPECT_EQ(unwrap(header, service, psk(day).reveal_bytes()).error().code, Errc::refused) << day;
  }
  const Secret other = day_key(random_bytes(random, 32), kDay);
  EXPECT_EQ(unwrap(header, service, other.reveal_bytes()).error().code, Errc::refused);
  EXPECT_EQ(unwrap(header, service, Bytes(31)).error().code, Errc::malformed);
  EXPECT_EQ(unwrap(header, service, {}).error().code, Errc::malformed);
}

TEST_F(Epochs, RefuseRecipientsOfSmallOrder) {
  EpochHeader header = unwrapped();
  EXPECT_EQ(wrap_for(header, {service.public_key(), X25519PublicKey()}).error().code, Errc::refused);
  EXPECT_TRUE(header.recipients.empty());
  header = wrapped();
  header.recipients[0].enc = {};
  EXPECT_EQ(unwrap_error(header), Errc::refused);
}

TEST_F(Epochs, TakeKeysOf32BytesOnly) {
  EpochHeader header = unwrapped();
  EXPECT_EQ(wrap(header, Secret("short"), both(), psk().reveal_bytes(), random).error().code, Errc::malformed);
  EXPECT_EQ(wrap(header, key, both(), Bytes(31), random).error().code, Errc::malformed);
  EXPECT_EQ(EpochKey::make(header, Secret("short")).error().code, Errc::malformed);
}

TEST_F(Epochs, BindEveryFieldOfTheHeader) {
  const EpochHeader header = wrapped();
  std::map<std::string, EpochHeader> changed;
  const auto change = [&](const char* what) -> EpochHeader& { return changed[what] = header; };
  change("tenant").tenant = TenantId::trusted("DA23456789ABCDEFGHJL");
  change("day").day = kDay + 1;
  change("month").day = kDay + 31;
  change("id").id[3] ^= 1;
  change("writer").writer += "x";
  change("tag bits").tag_bits = 9;
  change("tags gone").tag_bits = 0;
  change("own enc").recipients[0].enc[1] ^= 1;
  change("own key").recipients[0].key[1] ^= 1;
  change("another's id").recipients[1].recipient[1] ^= 1;
  change("another's enc").recipients[1].enc[1] ^= 1;
  change("another's key").recipients[1].key[1] ^= 1;
  change("commit").commit[31] ^= 1;
  change("order").recipients = {header.recipients[1], header.recipients[0]};
  change("fewer").recipients.pop_back();
  change("more").recipients.push_back({.recipient = {1}, .enc = {}, .key = {}});
  for (const auto& [what, bad] : changed) {
    ASSERT_TRUE(decode_header(encode(bad))) << what;
    EXPECT_EQ(unwrap(bad, service, psk(kDay).reveal_bytes()).error().code, Errc::refused) << what;
    EXPECT_EQ(unwrap_error(bad), Errc::refused) << what;
  }
  EXPECT_EQ(changed.size(), 16u);
}

TEST_F(Epochs, RefuseEveryFlippedBitOfAHeader) {
  const Bytes good = encode(wrapped());
  const Secret day = psk();
  std::map<Errc, int> answers;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    const auto header = decode_header(bad);
    const auto opened = header ? unwrap(*header, service, day.reveal_bytes()) : Result<Secret>(header.error());
    ASSERT_FALSE(opened) << bit;
    EXPECT_FALSE(opened.error().what.empty());
    ++answers[opened.error().code];
  }
  EXPECT_EQ(answers[Errc::not_found], 64);  // the recipient's own id
  EXPECT_GT(answers[Errc::malformed], 88);  // magic, version, suite, lengths, count
  EXPECT_GT(answers[Errc::refused], 1000);
  EXPECT_EQ(answers.size(), 3u);
}

// Whoever holds the day's key can wrap any key; the header then says so by its commitment.
TEST_F(Epochs, RefuseAKeyThatTheHeaderDoesNotCommitTo) {
  const EpochHeader honest = wrapped();
  EpochHeader other = honest;
  ASSERT_TRUE(wrap(other, Secret(ByteView(Bytes(32, 1))), both(), psk().reveal_bytes(), random));
  ASSERT_TRUE(unwrap(other, service, psk().reveal_bytes()));
  other.commit = honest.commit;
  EXPECT_EQ(unwrap_error(other), Errc::refused);
  EpochHeader mixed = honest;
  ASSERT_TRUE(wrap(other, Secret(ByteView(Bytes(32, 1))), both(), psk().reveal_bytes(), random));
  mixed.recipients[0] = other.recipients[0];  // opens, to another key than the second recipient's
  const auto refused = unwrap(mixed, service, psk().reveal_bytes());
  EXPECT_EQ(refused.error().code, Errc::refused);
  EXPECT_NE(refused.error().what.find("commit"), std::string::npos);
}

TEST_F(Epochs, ReadNoHeaderThatIsCutShortOrGoesOn) {
  const Bytes good = encode(wrapped());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(decode_header(ByteView(good).first(size)).error().code, Errc::malformed) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_EQ(decode_header(longer).error().code, Errc::malformed);
}

TEST_F(Epochs, WriteAndReadNoFieldOutOfRange) {
  const auto each = [&](auto change) {
    EpochHeader bad = wrapped();
    change(bad);
    EXPECT_EQ(decode_header(encode(bad)).error().code, Errc::malformed);
    EXPECT_EQ(unwrap_error(bad), Errc::malformed);
    EXPECT_EQ(wrap_for(bad, both()).error().code, Errc::malformed);
  };
  each([](EpochHeader& h) { h.tenant = TenantId(); });
  each([](EpochHeader& h) { h.tenant = TenantId::trusted("a b"); });
  each([](EpochHeader& h) { h.day = -1; });
  each([](EpochHeader& h) { h.day = kDayMax + 1; });
  each([](EpochHeader& h) { h.writer = std::string(65, 'w'); });
  each([](EpochHeader& h) { h.tag_bits = 3; });
  each([](EpochHeader& h) { h.tag_bits = 17; });
}

TEST_F(Epochs, ReadNoRecipientTwiceNorNone) {
  EpochHeader bad = wrapped();
  bad.recipients[1] = bad.recipients[0];
  EXPECT_EQ(decode_header(encode(bad)).error().code, Errc::malformed);
  bad.recipients.clear();
  EXPECT_EQ(decode_header(encode(bad)).error().code, Errc::malformed);
  bad.recipients.resize(9);
  for (std::uint8_t i = 0; i < 9; ++i) bad.recipients[i].recipient[0] = i;
  EXPECT_EQ(decode_header(encode(bad)).error().code, Errc::malformed);
}

TEST_F(Epochs, DrawNewEphemeralKeysEveryTime) {
  const EpochHeader one = wrapped(), two = wrapped();
  EXPECT_NE(one.recipients[0].enc, two.recipients[0].enc);
  EXPECT_NE(one.recipients[0].enc, one.recipients[1].enc);
}

TEST(Month, IsTheCalendarsAcrossYears) {
  EXPECT_EQ(month_of(0), "1970-01");
  EXPECT_EQ(month_of(30), "1970-01");
  EXPECT_EQ(month_of(31), "1970-02");
  EXPECT_EQ(month_of(364), "1970-12");
  EXPECT_EQ(month_of(365), "1971-01");
  EXPECT_EQ(month_of(11'016), "2000-02");  // 2000-02-29
  EXPECT_EQ(month_of(11'017), "2000-03");
  EXPECT_EQ(month_of(20'453), "2025-12");  // 2025-12-31
  EXPECT_EQ(month_of(20'454), "2026-01");
  EXPECT_EQ(month_of(kDayMax), "9999-12");
  EXPECT_EQ(month_of(kDayMax + 1), "9999-12");
  EXPECT_EQ(month_of(-1), "1970-01");
}

TEST(DayKey, IsAnotherForEveryDayAndMonth) {
  const Secret key = day_key(Bytes(32, 1), 5), again = day_key(Bytes(32, 1), 5);
  EXPECT_EQ(key.size(), kDayKeySize);
  EXPECT_TRUE(crypto::equal(key.reveal_bytes(), again.reveal_bytes()));
  EXPECT_FALSE(crypto::equal(key.reveal_bytes(), day_key(Bytes(32, 1), 6).reveal_bytes()));
  EXPECT_FALSE(crypto::equal(key.reveal_bytes(), day_key(Bytes(32, 2), 5).reveal_bytes()));
}

}  // namespace
}  // namespace countersign::history
