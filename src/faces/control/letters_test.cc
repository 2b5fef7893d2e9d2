#include "faces/control/letters.h"

#include <gtest/gtest.h>

namespace countersign::control {
namespace {

struct Letters : ::testing::Test {
  flow::Scope scope;
  flow::ExposedTenant exposed;

  std::map<std::string, std::string> write(const std::string& tenant_name) {
    scope.id = "SC222222222222222222";
    exposed.returned = 7;
    exposed.released = 9;
    flow::BundleFacts facts{.scope = scope, .exposed = exposed, .tenant = {}};
    facts.tenant.name = tenant_name;
    facts.people = flow::ExposedPeople{{{"DU1", "=cmd|' /C calc'!A1", "a@example.org", 3}, {"DU2", "bo,b", "", 4}}, 0};
    const auto files = write_letters(facts);
    EXPECT_TRUE(files) << files.error().what;
    std::map<std::string, std::string> out;
    for (const flow::BundleFile& file : *files) out[file.path] = file.content;
    return out;
  }
};

TEST_F(Letters, SayWhatWasExposedInBothForms) {
  auto files = write("Acme");
  for (const char* path : {"letter-admin.html", "letter-admin.txt"}) {
    EXPECT_NE(files.at(path).find("Acme"), std::string::npos) << path;
    EXPECT_NE(files.at(path).find("SC222222222222222222"), std::string::npos) << path;
    EXPECT_NE(files.at(path).find("at most 9"), std::string::npos) << path;
  }
  EXPECT_NE(files.at("letter-user.txt").find("never ask for a code"), std::string::npos);
  EXPECT_EQ(files.at("letter-user.txt").find('<'), std::string::npos);
}

TEST_F(Letters, AMailSaysHowItIsCheckedAndHasNoLink) {
  scope.id = "SC222222222222222222";
  flow::BundleFacts facts{.scope = scope, .exposed = exposed, .tenant = {}};
  facts.tenant.name = "Acme";
  User ada;
  ada.username = "ada";
  const std::string code = "ABCD-EFGH-2345", page = "sign-in.example/notice";
  for (const User* to : {static_cast<const User*>(nullptr), static_cast<const User*>(&ada)}) {
    const auto letter = write_notice(facts, to, {code, page});
    ASSERT_TRUE(letter) << letter.error().what;
    for (const std::string* form : {&letter->html, &letter->text}) {
      EXPECT_NE(form->find(code), std::string::npos);
      EXPECT_NE(form->find(page), std::string::npos);
      EXPECT_NE(form->find("Acme"), std::string::npos);
      EXPECT_EQ(form->find("href"), std::string::npos);
      EXPECT_EQ(form->find("://"), std::string::npos);
      EXPECT_EQ(form->find("in this folder"), std::string::npos) << "a mail has none";
    }
    EXPECT_FALSE(letter->subject.empty());
  }
}

TEST_F(Letters, TakeNoMarksFromATenantsName) {
  auto files = write("<script>alert(1)</script> & \"sons\"");
  EXPECT_EQ(files.at("letter-admin.html").find("<script"), std::string::npos);
  EXPECT_NE(files.at("letter-admin.html").find("&lt;script&gt;"), std::string::npos);
  EXPECT_NE(files.at("letter-admin.txt").find("<script>alert(1)</script> & \"sons\""), std::string::npos);
}

TEST_F(Letters, HoldNoFormulaForASpreadsheet) {
  const std::string csv = write("Acme").at("users.csv");
  EXPECT_NE(csv.find("'=cmd"), std::string::npos);
  EXPECT_EQ(csv.find(",=cmd"), std::string::npos);
  EXPECT_NE(csv.find("\"bo,b\""), std::string::npos);
  EXPECT_EQ(tame_cell("\t1\n2"), "' 1 2");
  EXPECT_EQ(tame_cell("ada"), "ada");
}

}  // namespace
}  // namespace countersign::control
