#include "flow/mail.h"

#include "flow/mail_content.h"
#include "store/sealed.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

class Mails : public ::testing::Test {
 protected:
  testing::SmallWorld world_;
  Ports& ports_ = *world_.ports;
  Administration by_{ports_, {}};
  const Letter letter_{"drill", "r-1", "A drill", "Nothing happened.\n", "<!doctype html><p>Nothing happened.</p>"};

  Mails() { ports_.settings.mail = Mailing::by_server; }

  bool posted(const store::StoredMail& mail) {
    const auto done = store::write_and_wait(*world_.store, [&](store::Txn& txn) { return post(ports_, txn, mail); });
    EXPECT_TRUE(done) << done.error().what;
    return done && *done;
  }
  std::vector<store::StoredMail> due() {
    return *store::read(*world_.store, [&](store::Txn& txn) { return store::due_mails(txn, world_.clock.now(), 100); });
  }
  MailContent opened(const store::StoredMail& mail) {
    const auto plain = ports_.keys.unseal(mail_place(mail), mail.sealed);
    EXPECT_TRUE(plain);
    return *decode_mail_content(plain->reveal());
  }
  Errc refusal(Letter letter) {
    EXPECT_TRUE(set_tenant_contact(by_, world_.tenant, "ada@example.org"));
    const auto sealed = seal_mail_to_contact(ports_, world_.tenant.id, letter);
    return sealed ? Errc::conflict : sealed.error().code;
  }
};

TEST_F(Mails, GoToATenantsAddressSealed) {
  ASSERT_TRUE(set_tenant_contact(by_, world_.tenant, "ada@example.org"));
  EXPECT_EQ(*masked_contact(ports_, world_.tenant.id), "a•••@example.org");
  const auto mail = seal_mail_to_contact(ports_, world_.tenant.id, letter_);
  ASSERT_TRUE(mail && *mail);
  EXPECT_EQ(text_of((*mail)->sealed).find("example"), std::string_view::npos);
  ASSERT_TRUE(posted(**mail));
  EXPECT_EQ(world_.woken.back(), kMailKey);
  ASSERT_EQ(due().size(), 1u);
  const MailContent content = opened(due()[0]);
  EXPECT_EQ(content.to, "ada@example.org");
  EXPECT_EQ(content.subject, "A drill");
  EXPECT_EQ(content.text, letter_.text);
  EXPECT_EQ(content.html, letter_.html);
  EXPECT_EQ(due()[0].expires, world_.clock.now() + kMailLifetime);
}

TEST_F(Mails, ArePostedOnceForEachPurposeAndReference) {
  ASSERT_TRUE(set_tenant_contact(by_, world_.tenant, "ada@example.org"));
  const auto mail = *seal_mail_to_contact(ports_, world_.tenant.id, letter_);
  EXPECT_TRUE(posted(*mail));
  EXPECT_FALSE(posted(*mail));
  Letter other = letter_;
  other.reference = "r-2";
  EXPECT_TRUE(posted(**seal_mail_to_contact(ports_, world_.tenant.id, other)));
  EXPECT_EQ(due().size(), 2u);
}

TEST_F(Mails, AreNotWrittenWhereNobodySendsOrReadsThem) {
  EXPECT_FALSE(*seal_mail_to_contact(ports_, world_.tenant.id, letter_)) << "no address";
  ASSERT_TRUE(set_tenant_contact(by_, world_.tenant, "ada@example.org"));
  User user = world_.add_user("ada");
  EXPECT_FALSE(*seal_mail_to_user(ports_, user, letter_));
  user.email = "not an address";
  EXPECT_FALSE(*seal_mail_to_user(ports_, user, letter_));
  user.email = "ada@example.org";
  EXPECT_TRUE(*seal_mail_to_user(ports_, user, letter_));
  ports_.settings.mail = Mailing::none;
  EXPECT_FALSE(*seal_mail_to_user(ports_, user, letter_));
  EXPECT_FALSE(*seal_mail_to_contact(ports_, world_.tenant.id, letter_));
}

TEST_F(Mails, TakeOnlyWhatAMailCanHold) {
  for (const std::string& subject :
       {std::string(), std::string("a\r\nBcc: eve@example.org"), std::string(201, 'a'), std::string("\xff")}) {
    Letter letter = letter_;
    letter.subject = subject;
    EXPECT_EQ(refusal(letter), Errc::malformed) << subject;
  }
  Letter letter = letter_;
  letter.html.assign(kMailTextMax + 1, 'a');
  EXPECT_EQ(refusal(letter), Errc::malformed);
  letter = letter_;
  letter.text.clear();
  EXPECT_EQ(refusal(letter), Errc::malformed);
}

TEST_F(Mails, ATenantsAddressCanBeChangedAndTakenAway) {
  ASSERT_TRUE(set_tenant_contact(by_, world_.tenant, "ada@example.org"));
  ASSERT_TRUE(set_tenant_contact(by_, world_.tenant, "bob@example.org"));
  EXPECT_EQ(*masked_contact(ports_, world_.tenant.id), "b•••@example.org");
  EXPECT_EQ(set_tenant_contact(by_, world_.tenant, "bob@example.org\nx").error().code, Errc::malformed);
  ASSERT_TRUE(set_tenant_contact(by_, world_.tenant, ""));
  EXPECT_EQ(*masked_contact(ports_, world_.tenant.id), "");
}

TEST_F(Mails, AreSealedAnewWithTheRest) {
  ASSERT_TRUE(set_tenant_contact(by_, world_.tenant, "ada@example.org"));
  ASSERT_TRUE(posted(**seal_mail_to_contact(ports_, world_.tenant.id, letter_)));
  int found = 0;
  for (const store::SealedColumn& column : store::sealed_columns()) {
    if (column.table != "mails" && column.table != "tenant_contacts") continue;
    const auto page = *store::read(*world_.store, [&](store::Txn& txn) { return sealed_page(txn, column, {}, 10); });
    ASSERT_EQ(page.size(), 1u) << column.table;
    EXPECT_TRUE(ports_.keys.unseal({page[0].tenant, column.table, column.column, page[0].row}, page[0].sealed));
    const auto replaced = store::write_and_wait(
        *world_.store, [&](store::Txn& txn) { return store::replace_sealed(txn, column, page[0], Bytes{1}); });
    EXPECT_TRUE(*replaced) << column.table;
    const auto after =
        *store::read(*world_.store, [&](store::Txn& txn) { return sealed_page(txn, column, page[0].at, 10); });
    EXPECT_TRUE(after.empty());
    ++found;
  }
  EXPECT_EQ(found, 2);
}

TEST(MailContent, IsReadAsItWasWritten) {
  const Secret sealed = encode({"ada@example.org", "subject", "text\n", ""});
  const auto content = decode_mail_content(sealed.reveal());
  ASSERT_TRUE(content);
  EXPECT_EQ(content->to, "ada@example.org");
  EXPECT_EQ(content->html, "");
  EXPECT_EQ(decode_mail_content(std::string(sealed.reveal()) + "x").error().code, Errc::malformed);
  EXPECT_EQ(decode_mail_content(encode({"nobody", "s", "t", ""}).reveal()).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::flow
