#include "flow/mail_outbox.h"

#include "flow/breach_notices.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

constexpr seconds kLease{75};

class Outbox : public ::testing::Test {
 protected:
  testing::SmallWorld world_;
  Ports& ports_ = *world_.ports;
  Ports other_node_{ports_};
  Administration by_{ports_, {}};
  User ada_ = world_.add_user("ada");

  Outbox() {
    ports_.settings.mail = Mailing::by_server;
    ada_.email = "ada@example.org";
  }
  void post_one(const std::string& reference, std::string_view purpose = "drill") {
    const Letter letter{std::string(purpose), reference, "A drill", "Nothing happened.\n", ""};
    const auto mail = seal_mail_to_user(ports_, ada_, letter);
    ASSERT_TRUE(mail && *mail);
    world_.write([&](store::Txn& txn) { return post(ports_, txn, **mail); });
  }
  std::optional<ClaimedMail> claim(const Ports& node) {
    auto out = claim_mail(node, kLease);
    EXPECT_TRUE(out) << out.error().what;
    return out ? *std::move(out) : std::nullopt;
  }
  std::vector<store::StoredMail> mails(store::MailState state) {
    std::vector<store::StoredMail> out;
    EXPECT_TRUE(each_mail(ports_, state, [&](const store::StoredMail& one) {
      out.push_back(one);
      return true;
    }));
    return out;
  }
};

TEST_F(Outbox, AMailIsClaimedByOneNode) {
  post_one("a");
  const auto mine = claim(ports_);
  ASSERT_TRUE(mine);
  EXPECT_EQ(mine->content.to, "ada@example.org");
  EXPECT_FALSE(claim(other_node_));
  post_one("b");
  const auto theirs = claim(other_node_);
  ASSERT_TRUE(theirs);
  EXPECT_EQ(theirs->stored.reference, "b");
}

TEST_F(Outbox, AMailWhoseSenderDiedComesAgainTheSame) {
  post_one("a");
  const auto first = claim(ports_);
  world_.clock.advance(kLease);
  const auto again = claim(other_node_);
  ASSERT_TRUE(first && again);
  EXPECT_EQ(again->stored.id, first->stored.id) << "of which the Message-ID is made";
  EXPECT_EQ(again->stored.tries, 2);
}

TEST_F(Outbox, WhatTheServerTookIsNotSentAgain) {
  post_one("a");
  const auto slow = claim(ports_);
  world_.clock.advance(kLease);
  const auto other = claim(other_node_);
  ASSERT_TRUE(slow && other);
  ASSERT_TRUE(settle_mail(ports_, slow->stored, {MailEnd::taken, 250}));  // late, and true all the same
  EXPECT_EQ(mails(store::MailState::sent).size(), 1u);
  ASSERT_TRUE(settle_mail(other_node_, other->stored, {MailEnd::later, 451}));
  world_.clock.advance(kMailLifetime);
  EXPECT_FALSE(claim(ports_));
  EXPECT_EQ(mails(store::MailState::sent).size(), 1u);
}

TEST_F(Outbox, TriesComeFurtherAndFurtherApart) {
  EXPECT_EQ(mail_back_off(0), seconds(2));
  EXPECT_EQ(mail_back_off(1), seconds(2));
  EXPECT_EQ(mail_back_off(2), seconds(4));
  EXPECT_EQ(mail_back_off(9), seconds(512));
  EXPECT_EQ(mail_back_off(10), seconds(900));
  EXPECT_EQ(mail_back_off(1'000'000), seconds(900));
  post_one("a");
  ASSERT_TRUE(settle_mail(ports_, claim(ports_)->stored, {MailEnd::later, 0}));
  world_.clock.advance(milliseconds(1'999));
  EXPECT_FALSE(claim(ports_));
  world_.clock.advance(milliseconds(1));
  EXPECT_TRUE(claim(ports_));
}

TEST_F(Outbox, IsGivenUpAfterADay) {
  post_one("a");
  int tries = 0;
  for (Instant end = world_.clock.now() + 2 * kMailLifetime; world_.clock.now() < end;) {
    if (const auto mine = claim(ports_)) {
      ++tries;
      ASSERT_TRUE(settle_mail(ports_, mine->stored, {MailEnd::later, 451}));
    }
    world_.clock.advance(seconds(300));
  }
  EXPECT_GT(tries, 50);
  EXPECT_LT(tries, 150);
  const auto failed = mails(store::MailState::failed);
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].reply, 451);
}

TEST_F(Outbox, WhatWasRefusedIsKeptForAnotherDay) {
  post_one("a");
  ASSERT_TRUE(settle_mail(ports_, claim(ports_)->stored, {MailEnd::refused, 550}));
  world_.clock.advance(kMailLifetime);
  EXPECT_FALSE(claim(ports_));
  EXPECT_EQ(*retry_mails(by_), 1);
  const auto again = claim(ports_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->content.text, "Nothing happened.\n");
  ASSERT_TRUE(settle_mail(ports_, again->stored, {MailEnd::taken, 250}));
  EXPECT_EQ(*retry_mails(by_), 0);
}

TEST_F(Outbox, AMailThatWasAlteredIsGivenUp) {
  post_one("a");
  const auto queued = mails(store::MailState::queued);
  ASSERT_EQ(queued.size(), 1u);
  world_.write([&](store::Txn& txn) -> Result<void> {
    const auto stored = TRY(store::mail_by_id(txn, ada_.tenant, queued[0].id));
    TRY(txn.change(store::Query::reseal_mails, {stored->tenant, "", stored->id, stored->sealed, Bytes{1, 2, 3}}));
    return {};
  });
  EXPECT_EQ(claim_mail(ports_, kLease).error().code, Errc::refused);
  EXPECT_EQ(mails(store::MailState::failed).size(), 1u);
}

TEST_F(Outbox, WhatTheServerTookDeliversItsNotice) {
  store::BreachNotice notice{.id = "n1", .scope = "S", .tenant = ada_.tenant, .user = ada_.id, .code_digest = {1}};
  world_.write([&](store::Txn& txn) { return store::insert_breach_notice(txn, notice); });
  const auto delivered = [&] {
    return (*store::read(*world_.store,
                         [&](store::Txn& txn) { return store::breach_notice_by_id(txn, ada_.tenant, "n1"); }))
        ->delivered;
  };
  post_one("n1", kBreachNotice);
  const auto mine = claim(ports_);
  EXPECT_FALSE(delivered());
  ASSERT_TRUE(settle_mail(ports_, mine->stored, {MailEnd::taken, 250}));
  EXPECT_EQ(delivered(), world_.clock.now());
}

}  // namespace
}  // namespace countersign::flow
