#include "web/messages.h"

#include <gtest/gtest.h>

#include "web/page.h"

namespace countersign::web {
namespace {

std::string filled(std::string_view language, std::string_view text, std::string_view value) {
  const Result<Message> message = Message::parse(text);
  if (!message) return name(message.error().code);
  return message->fill(language, [value](std::string_view) { return std::string(value); });
}

TEST(Message, FillsAPlaceholder) { EXPECT_EQ(filled("en", "Back to {app}.", "VPN"), "Back to VPN."); }

TEST(Message, ChoosesTheFormOfANumber) {
  constexpr std::string_view kDays = "{n, plural, one {# day} other {# days}}!";
  EXPECT_EQ(filled("en", kDays, "1"), "1 day!");
  EXPECT_EQ(filled("en", kDays, "30"), "30 days!");
  EXPECT_EQ(filled("fr", kDays, "0"), "0 day!");
  EXPECT_EQ(filled("ja", "{n, plural, other {#日}}", "3"), "3日");
}

TEST(Message, KnowsTheFormsOfArabic) {
  EXPECT_EQ(plural_form("ar", 0), "zero");
  EXPECT_EQ(plural_form("ar", 1), "one");
  EXPECT_EQ(plural_form("ar", 2), "two");
  EXPECT_EQ(plural_form("ar", 10), "few");
  EXPECT_EQ(plural_form("ar", 30), "many");
  EXPECT_EQ(plural_form("ar", 100), "other");
  EXPECT_EQ(plural_form("ar", 103), "few");
}

TEST(Message, IsolatesWhatRunsTheOtherWay) {
  EXPECT_EQ(filled("ar", "({x})", "VPN"), "(\u2068VPN\u2069)");
  EXPECT_EQ(filled("ar", "({x})", "30"), "(30)");
  EXPECT_EQ(filled("en", "({x})", "VPN"), "(VPN)");
  EXPECT_EQ(filled("en", "({x})", "هاتف"), "(\u2068هاتف\u2069)");
}

TEST(Message, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"{", "}", "{a", "{}", "{A}", "{n, select, other {x}}", "{n, plural, one {x}}",
                           "{n, plural, other x}", "{n, plural, other {{x}}}", "{n, plural}"}) {
    EXPECT_EQ(filled("en", text, "1"), "malformed") << text;
  }
}

TEST(Words, RefusesAKeyThatStandsTwice) {
  EXPECT_EQ(read_words(R"({"a":"1","a":"2"})").error().code, Errc::malformed);
  EXPECT_EQ(read_words(R"({"a":1})").error().code, Errc::malformed);
  EXPECT_EQ(read_words(R"({"a":"{"})").error().code, Errc::malformed);
  EXPECT_EQ(read_words(R"([])").error().code, Errc::malformed);
}

TEST(Words, HaveTheSameKeysAndPlaceholdersInEveryLanguage) {
  const Words* const english = words_of("en");
  ASSERT_NE(english, nullptr);
  ASSERT_GT(english->messages.size(), 80u);
  for (const std::string& language : languages()) {
    const Words* const words = words_of(language);
    ASSERT_NE(words, nullptr) << language;
    EXPECT_EQ(words->messages.size(), english->messages.size()) << language;
    for (const auto& [key, message] : english->messages) {
      const auto found = words->messages.find(key);
      ASSERT_NE(found, words->messages.end()) << language << " " << key;
      EXPECT_EQ(found->second.names(), message.names()) << language << " " << key;
      EXPECT_FALSE(words->texts.find(key)->second.empty()) << language << " " << key;
    }
  }
}

TEST(Words, AreTranslated) {
  const Words* const english = words_of("en");
  for (const std::string& language : languages()) {
    if (language == "en") continue;
    for (const auto& [key, text] : words_of(language)->texts) {
      if (key == "bind.passkey_title" || key == "method.passkey") continue;  // "Passkey" in German
      EXPECT_NE(text, english->texts.find(key)->second) << language << " " << key;
    }
  }
}

TEST(Language, IsTheOneChosen) {
  EXPECT_EQ(language_for("de", "fr"), "de");
  EXPECT_EQ(language_for("DE-at", "fr"), "de");
  EXPECT_EQ(language_for("tlh", "fr"), "fr");
}

TEST(Language, IsTheBestOfWhatTheBrowserTakes) {
  EXPECT_EQ(language_for("", ""), "en");
  EXPECT_EQ(language_for("", "fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5"), "fr");
  EXPECT_EQ(language_for("", "nl, en;q=0.2, ja;q=0.7"), "ja");
  EXPECT_EQ(language_for("", "ar;q=0, es;q=0.001"), "es");
  EXPECT_EQ(language_for("", "de;q=2, es;q=0.5"), "es");
  EXPECT_EQ(language_for("", "de;q=a,es;x=1,,;,ja ; q=0.3"), "ja");
  EXPECT_EQ(language_for("", std::string(2000, 'd')), "en");
}

TEST(Language, HasADirection) {
  EXPECT_EQ(direction("ar"), "rtl");
  EXPECT_EQ(direction("ja"), "ltr");
}

}  // namespace
}  // namespace countersign::web
