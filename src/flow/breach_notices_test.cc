#include "flow/breach_notices.h"

#include "flow/ledger.h"
#include "flow/notices.h"
#include "flow/scope.h"
#include "flow/sign_in.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

class BreachNotices : public ::testing::Test {
 protected:
  testing::SmallWorld world_;
  const Ports& ports_ = *world_.ports;
  Administration by_{ports_, {}};
  User ada_ = world_.add_user("ada");
  User bob_ = world_.add_user("bob");
  Phone phone_;
  std::string scope_;
  std::vector<std::string> admin_codes_;
  std::vector<store::BreachNotice> made_;
  std::vector<std::string> unknown_;

  void SetUp() override {
    phone_.tenant = ada_.tenant;
    phone_.user = ada_.id;
    phone_.id = PhoneId::make(world_.random);
    phone_.activated = true;
    world_.write([&](store::Txn& txn) { return store::insert_phone(txn, phone_); });
    for (const User& user : {ada_, bob_}) {
      record::AuthEvent event;
      event.id = EventId::make(world_.random);
      event.tenant = user.tenant;
      event.at = world_.clock.now();
      event.user_key = user.id.text();
      const auto row = seal_event(ports_, event);
      ASSERT_TRUE(row);
      world_.write([&](store::Txn& txn) { return store::append_history(txn, *row); });
    }
    const Reader thief{.actor = {.kind = "operator", .credential = "c_77"}, .purpose = "support"};
    ASSERT_TRUE(read_history(ports_, thief, {.tenant = ada_.tenant}, [](const OpenedEvent&) { return true; }));
    const Instant to = world_.clock.now() + seconds(1);
    auto found = find_scope(ports_, {.by = ScopeBy::credential, .value = "c_77", .from = Instant(), .to = to});
    ASSERT_TRUE(found);
    const auto kept = keep_scope(by_, *found);
    ASSERT_TRUE(kept);
    scope_ = *kept;
  }
  Result<void> tell(std::optional<TenantId> tenant = std::nullopt) {
    return notify(
        by_, {.scope = scope_, .tenant = tenant},
        [&](const PreparedNotice& one) {
          made_.push_back(one.notice);
          if (!one.code.empty()) admin_codes_.emplace_back(one.code.reveal());
        },
        [&](const NoticedTenant& one) {
          if (!one.users_unknown.empty()) unknown_.push_back(one.users_unknown);
        });
  }
  std::string in_app_code() {
    const auto notices = notices_of(ports_, phone_);
    EXPECT_EQ(notices->size(), 1u);
    const std::string& text = notices->at(0).text;
    return text.substr(text.rfind(' ') + 1, 14);
  }
};

TEST_F(BreachNotices, ReachUsersOnTheirAuthenticatorsWithACodeThatIsReal) {
  const auto done = tell();
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_EQ(made_.size(), 3u);  // the administrator, Ada and Bob
  for (const store::BreachNotice& one : made_) EXPECT_EQ(one.delivered.has_value(), one.user == ada_.id);
  const auto real = notice_of_code(ports_, in_app_code());
  ASSERT_TRUE(real && *real);
  EXPECT_EQ((*real)->user, ada_.id);
  ASSERT_EQ(admin_codes_.size(), 1u);
  EXPECT_TRUE(*notice_of_code(ports_, admin_codes_[0]));
}

TEST_F(BreachNotices, AreKnownByTheirCodesOnly) {
  ASSERT_TRUE(tell());
  EXPECT_FALSE(*notice_of_code(ports_, "2222-2222-2222"));
  EXPECT_FALSE(*notice_of_code(ports_, ""));
  std::string lower = in_app_code();
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  EXPECT_TRUE(*notice_of_code(ports_, lower));
}

TEST_F(BreachNotices, TellNobodyTwice) {
  ASSERT_TRUE(tell());
  ASSERT_TRUE(tell());
  EXPECT_EQ(made_.size(), 3u);
  EXPECT_EQ(notices_of(ports_, phone_)->size(), 1u);
  int kept = 0;
  ASSERT_TRUE(each_notice(ports_, scope_, [&](const store::BreachNotice&) { return ++kept > 0; }));
  EXPECT_EQ(kept, 3);
}

TEST_F(BreachNotices, TellTheAdministratorAloneWhereTheTenantKeepsItsKeys) {
  world_.write(
      [&](store::Txn& txn) { return store::set_keeping(txn, ada_.tenant, {store::Custody::tenant, std::nullopt}); });
  ASSERT_TRUE(tell());
  ASSERT_EQ(made_.size(), 1u);
  EXPECT_TRUE(made_[0].user.empty());
  EXPECT_EQ(unknown_.size(), 1u);
}

TEST_F(BreachNotices, AreOfTenantsThatTheScopeNames) {
  const Tenant other = world_.add_tenant("other");
  EXPECT_EQ(tell(other.id).error().code, Errc::not_found);
  scope_ = "SC222222222222222222";
  EXPECT_EQ(tell().error().code, Errc::not_found);
  EXPECT_TRUE(made_.empty());
}

}  // namespace
}  // namespace countersign::flow
