#include "web/choice.h"

#include <gtest/gtest.h>

namespace countersign::web {
namespace {

net::HttpRequest reader(std::string accepts, std::string cookies) {
  net::HttpRequest out;
  out.headers = {{"accept-language", std::move(accepts)}};
  if (!cookies.empty()) out.headers.push_back({"cookie", std::move(cookies)});
  return out;
}

TEST(LanguageChoice, GoesBeforeWhatTheBrowserTakes) {
  EXPECT_EQ(language_of(reader("fr, en;q=0.5", "")), "fr");
  EXPECT_EQ(language_of(reader("fr, en;q=0.5", "lang=ja")), "ja");
  EXPECT_EQ(language_of(reader("fr, en;q=0.5", "lang=tlh")), "fr");
}

TEST(LanguageChoice, IsOfferedInEveryLanguage) {
  const Value links = language_links("/enroll", "de");
  const std::vector<Value>& items = links.find("items")->items();
  ASSERT_EQ(items.size(), languages().size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string& code = languages()[i];
    EXPECT_EQ(items[i].find("code")->text(), code);
    EXPECT_EQ(items[i].find("href")->text(), "/enroll?lang=" + code);
    EXPECT_EQ(items[i].find("current")->truthy(), code == "de") << code;
  }
}

TEST(LanguageChoice, IsKeptAndTakenOutOfTheAddress) {
  const net::HttpResponse out = choose_language("/enroll", "DE-at\r\nx: y");
  EXPECT_EQ(out.status, 303);
  EXPECT_EQ(out.headers.front().value, "/enroll");
  EXPECT_EQ(out.headers.back().name, "set-cookie");
  EXPECT_EQ(out.headers.back().value, "lang=de; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=Lax");
}

}  // namespace
}  // namespace countersign::web
