// The worked example of docs/protocols/history.md, which another implementation computed, byte for byte.
#include <gtest/gtest.h>

#include <deque>
#include <fstream>

#include "core/codec/share_text.h"
#include "core/crypto/equal.h"
#include "core/crypto/shares.h"
#include "core/history/blind_index.h"
#include "core/history/epoch.h"
#include "testing/vectors.h"

namespace countersign::history {
namespace {

using crypto::X25519Key;
using crypto::X25519PublicKey;
using testing::unhex;

// Gives out what it was given: the example's ephemeral keys.
class Scripted : public Random {
  std::deque<Bytes> left_;

 public:
  explicit Scripted(std::deque<Bytes> values) : left_(std::move(values)) {}
  void fill(std::span<std::uint8_t> out) override {
    ASSERT_FALSE(left_.empty());
    ASSERT_EQ(left_.front().size(), out.size());
    std::ranges::copy(left_.front(), out.begin());
    left_.pop_front();
  }
};

struct HistoryVector : ::testing::Test {
  nlohmann::json file;

  void SetUp() override {
    std::ifstream in(testing::source_dir() / "vectors/history.json");
    file = nlohmann::json::parse(in);
  }
  Bytes hex(const char* name) const { return unhex(file[name]); }
  Secret secret(const char* name) const { return Secret(ByteView(hex(name))); }
  EpochHeader header() const { return *decode_header(hex("header")); }
};

// The page breaks long values into lines.
TEST_F(HistoryVector, StandsInTheDocumentation) {
  std::ifstream in(testing::source_dir() / "docs/protocols/history.md");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::string page;
  std::ranges::copy_if(text, std::back_inserter(page), [](char c) { return c != ' ' && c != '\n'; });
  for (const char* name : {"month_key", "day_key", "hpke_info", "hpke_psk_id", "epoch_id", "epoch_key", "head",
                           "header", "commit", "row_key", "base_nonce", "root", "trailer", "index_key"}) {
    EXPECT_NE(page.find(file[name].get<std::string>()), std::string::npos) << name;
  }
  for (const char* name : {"open", "plain", "nonce", "associated", "row", "hash"}) {
    EXPECT_NE(page.find(file["rows"][0][name].get<std::string>()), std::string::npos) << name;
  }
  for (const char* name : {"secret", "set", "coefficients"}) {
    EXPECT_NE(page.find(file["shares"][name].get<std::string>()), std::string::npos) << name;
  }
  for (const auto& share : file["shares"]["texts"]) {
    EXPECT_NE(page.find(share.get<std::string>()), std::string::npos) << share;
  }
  for (const auto& recipient : file["recipients"]) {
    for (const auto& value : recipient) EXPECT_NE(page.find(value.get<std::string>()), std::string::npos) << value;
  }
}

TEST_F(HistoryVector, DerivesTheDayKeyAndTheMonth) {
  EXPECT_TRUE(crypto::equal(day_key(hex("month_key"), file["day"]).reveal_bytes(), hex("day_key")));
  EXPECT_EQ(month_of(file["day"]), file["month"].get<std::string>());
}

TEST_F(HistoryVector, WritesTheHeader) {
  EpochHeader made;
  made.tenant = *TenantId::parse(file["tenant"].get<std::string>());
  made.day = file["day"];
  std::ranges::copy(hex("epoch_id"), made.id.begin());
  made.writer = file["writer"];
  made.tag_bits = file["tag_bits"];
  std::vector<X25519PublicKey> recipients;
  std::deque<Bytes> ephemeral;
  for (const auto& each : file["recipients"]) {
    recipients.push_back(*X25519PublicKey::from_bytes(unhex(each["public_key"])));
    ephemeral.push_back(unhex(each["ephemeral_private_key"]));
  }
  Scripted random(ephemeral);
  ASSERT_TRUE(wrap(made, secret("epoch_key"), recipients, hex("day_key"), random));
  EXPECT_EQ(encode(made), hex("header"));
}

TEST_F(HistoryVector, OpensTheHeaderForEachRecipient) {
  int opened = 0;
  for (const auto& each : file["recipients"]) {
    const X25519Key key = *X25519Key::from_bytes(unhex(each["private_key"]));
    EXPECT_TRUE(std::ranges::equal(recipient_id(key.public_key()), unhex(each["recipient_id"])));
    const auto epoch_key = unwrap(header(), key, hex("day_key"));
    ASSERT_TRUE(epoch_key);
    EXPECT_TRUE(crypto::equal(epoch_key->reveal_bytes(), hex("epoch_key")));
    ++opened;
  }
  EXPECT_EQ(opened, 2);
}

TEST_F(HistoryVector, SealsAndOpensTheRows) {
  const EpochKey key = *EpochKey::make(header(), secret("epoch_key"));
  nlohmann::json rows = file["rows"];
  rows.push_back(file["far_row"]);
  for (const auto& each : rows) {
    const std::string open = each["open"], plain = each["plain"];
    const Bytes row = unhex(each["row"]);
    EXPECT_EQ(*key.seal(each["number"], open, plain), row);
    EXPECT_EQ(*key.open(open, row), plain);
    EXPECT_EQ(place_of(row)->number, each["number"].get<std::uint64_t>());
    EXPECT_EQ(row_hash(open, row), unhex(each["hash"]));
  }
  EXPECT_EQ(rows.size(), 4u);
}

TEST_F(HistoryVector, WritesTheTrailer) {
  std::vector<Bytes> hashes;
  for (const auto& each : file["rows"]) hashes.push_back(unhex(each["hash"]));
  const EpochTrailer trailer = *trailer_of(header().id, hashes);
  EXPECT_TRUE(std::ranges::equal(trailer.root, hex("root")));
  EXPECT_EQ(encode(trailer), hex("trailer"));
  EXPECT_EQ(*decode_trailer(hex("trailer")), trailer);
}

TEST_F(HistoryVector, WritesTheShares) {
  const auto& example = file["shares"];
  const Secret secret{ByteView(unhex(example["secret"]))};
  Scripted random({unhex(example["set"]), unhex(example["coefficients"])});
  const auto shares = *crypto::split(random, secret);
  ASSERT_EQ(shares.size(), example["texts"].size());
  for (std::size_t i = 0; i < shares.size(); ++i) {
    EXPECT_EQ(codec::share_to_text(shares[i]).reveal(), example["texts"][i].get<std::string>());
  }
  EXPECT_TRUE(crypto::equal(crypto::combine(shares)->reveal_bytes(), secret.reveal_bytes()));
}

TEST_F(HistoryVector, FindsTheTags) {
  const Secret key = index_key(secret("epoch_key"));
  EXPECT_TRUE(crypto::equal(key.reveal_bytes(), hex("index_key")));
  for (const auto& each : file["tags"]) {
    const auto field = each["field"] == "user" ? IndexedField::user : IndexedField::number;
    const std::uint32_t expected = each["tag"];
    EXPECT_EQ(tag(key, field, each["value"].get<std::string>(), each["bits"]), expected) << each;
  }
  EXPECT_EQ(file["tags"].size(), 5u);
}

}  // namespace
}  // namespace countersign::history
