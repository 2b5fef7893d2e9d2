#include "flow/breach_notices.h"

#include "flow/ledger.h"
#include "flow/mail_outbox.h"
#include "flow/notices.h"
#include "flow/scope.h"
#include "flow/sign_in.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

class BreachNotices : public ::testing::Test {
 protected:
  testing::SmallWorld world_;
  Ports& ports_ = *world_.ports;
  Administration by_{ports_, {}};
  User ada_ = world_.add_user("ada");
  User bob_ = world_.add_user("bob");
  Phone phone_;
  std::string scope_;
  std::vector<std::string> admin_codes_;
  std::vector<store::BreachNotice> made_;
  std::vector<std::string> unknown_, not_mailed_;
  std::vector<UserId> in_app_;

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
    return notify(by_, {.scope = scope_, .tenant = tenant},
                  {[](const BundleFacts& facts, const User* to, const std::string& code) -> Result<Letter> {
                     return Letter{"", "", "To " + (to ? to->username : facts.tenant.name), code, ""};
                   },
                   [&](const PreparedNotice& one) {
                     made_.push_back(one.notice);
                     if (one.in_app) in_app_.push_back(one.notice.user);
                     if (!one.code.empty()) admin_codes_.emplace_back(one.code.reveal());
                     if (!one.not_mailed.empty()) not_mailed_.push_back(one.not_mailed);
                   },
                   [&](const NoticedTenant& one) {
                     if (!one.users_unknown.empty()) unknown_.push_back(one.users_unknown);
                   }});
  }
  // What is in the mail: code by subject.
  std::map<std::string, std::string> mailed() {
    std::map<std::string, std::string> out;
    while (const auto mail = *claim_mail(ports_, seconds(75))) {
      out[mail->content.to + ": " + mail->content.subject] = mail->content.text;
      EXPECT_TRUE(settle_mail(ports_, mail->stored, {MailEnd::taken, 250}));
    }
    return out;
  }
  store::BreachNotice stored(const UserId& user) {
    store::BreachNotice out;
    EXPECT_TRUE(each_notice(ports_, scope_, [&](const store::BreachNotice& one) {
      if (one.user == user) out = one;
      return true;
    }));
    return out;
  }
  std::optional<CheckedNotice> checked(const std::string& code, NoticeAct act = NoticeAct::open) {
    const auto out = testing::finish<std::optional<CheckedNotice>>(
        [&](Done<std::optional<CheckedNotice>> done) { check_notice(ports_, code, act, std::move(done)); });
    EXPECT_TRUE(out) << out.error().what;
    return *out;
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
  EXPECT_EQ(in_app_, std::vector{ada_.id});
  EXPECT_FALSE(stored(ada_.id).delivered) << "not before her authenticator has fetched it";
  const auto real = notice_of_code(ports_, in_app_code());
  ASSERT_TRUE(real && *real);
  EXPECT_EQ((*real)->user, ada_.id);
  ASSERT_EQ(admin_codes_.size(), 1u);
  EXPECT_TRUE(*notice_of_code(ports_, admin_codes_[0]));
  EXPECT_EQ(not_mailed_.size(), 1u);
  EXPECT_EQ(stored(ada_.id).delivered, world_.clock.now());
  EXPECT_FALSE(stored(bob_.id).delivered);
}

TEST_F(BreachNotices, GoByMailToWhoHasAnAddressEachWithItsCode) {
  ports_.settings.mail = Mailing::by_server;
  ASSERT_TRUE(set_tenant_contact(by_, world_.tenant, "admin@example.org"));
  bob_.email = "bob@example.org";
  world_.write([&](store::Txn& txn) { return store::update_user(txn, bob_); });
  ASSERT_TRUE(tell());
  EXPECT_TRUE(admin_codes_.empty()) << "it is in the letter";
  EXPECT_TRUE(not_mailed_.empty());
  const auto letters = mailed();
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ((*notice_of_code(ports_, letters.at("bob@example.org: To bob")))->user, bob_.id);
  EXPECT_TRUE((*notice_of_code(ports_, letters.at("admin@example.org: To acme")))->user.empty());
  EXPECT_EQ(stored(bob_.id).delivered, world_.clock.now());
  EXPECT_FALSE(stored(bob_.id).opened);
  ASSERT_TRUE(tell());
  EXPECT_TRUE(mailed().empty());
}

TEST_F(BreachNotices, WithoutAnAddressTheAdministratorIsToldByOtherMeans) {
  ports_.settings.mail = Mailing::by_server;
  ASSERT_TRUE(tell());
  EXPECT_EQ(admin_codes_.size(), 1u);
  ASSERT_EQ(not_mailed_.size(), 1u);
  EXPECT_NE(not_mailed_[0].find("tenant set"), std::string::npos);
  EXPECT_TRUE(mailed().empty());
}

TEST_F(BreachNotices, WhoChecksACodeHasOpenedItsNotice) {
  ASSERT_TRUE(tell());
  const std::string code = admin_codes_[0];
  const auto found = checked(code);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tenant_name, "acme");
  EXPECT_EQ(found->scope, scope_);
  EXPECT_EQ(found->about.by, ScopeBy::credential);
  const Instant opened = world_.clock.now();
  EXPECT_EQ(stored(UserId()).delivered, opened);
  EXPECT_EQ(stored(UserId()).opened, opened);
  EXPECT_FALSE(stored(UserId()).acknowledged);
  world_.clock.advance(seconds(60));
  EXPECT_TRUE(checked(code, NoticeAct::acknowledge));
  EXPECT_EQ(stored(UserId()).opened, opened);
  EXPECT_EQ(stored(UserId()).acknowledged, world_.clock.now());
  EXPECT_FALSE(checked("2222-2222-2222", NoticeAct::acknowledge));
  EXPECT_FALSE(stored(ada_.id).opened);
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
