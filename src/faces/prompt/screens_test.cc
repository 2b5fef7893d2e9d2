#include "faces/prompt/screens.h"

#include <gtest/gtest.h>

#include "faces/prompt/qr.h"

namespace countersign::prompt {
namespace {

constexpr std::size_t kWholePromptMax = 60 * 1024;

flow::Method passkey() { return {flow::Way::passkey, {}, "Laptop"}; }
flow::Method push() { return {flow::Way::push, PhoneId::trusted("DPAAAAAAAAAAAAAAAAAA"), "Ada's <phone>"}; }
flow::Method passcode() { return {flow::Way::passcode, {}, ""}; }

flow::View view_of(decltype(flow::View::shows) shows) {
  flow::View view;
  view.tenant_name = "Demo & Sons";
  view.app_name = "VPN";
  view.username = "ada";
  view.shows = std::move(shows);
  return view;
}

flow::View choice(flow::Method first, std::vector<flow::Method> others) {
  flow::Choose choose;
  choose.first = std::move(first);
  choose.others = std::move(others);
  choose.passkey_options = R"({"challenge":"AA"})";
  return view_of(std::move(choose));
}

flow::View waiting() {
  flow::Waiting out;
  out.number = "482";
  out.phone = "Pixel";
  out.seconds_left = 47;
  out.total_seconds = 60;
  out.notified = flow::Waiting::Notified::yes;
  out.others = {passkey(), passcode()};
  return view_of(std::move(out));
}

std::string drawn(const flow::View& view, Part part = Part::strongest, std::string language = "en",
                  std::string problem = "") {
  const web::Templates templates = *web::Templates::load();
  Screen screen;
  screen.language = std::move(language);
  screen.visit = VisitId::trusted("DVAAAAAAAAAAAAAAAAAA");
  screen.part = part;
  screen.problem = std::move(problem);
  screen.version = "3.open.7";
  return draw(templates, screen, view);
}

bool has(std::string_view page, std::string_view text) { return page.find(text) != std::string_view::npos; }

TEST(PromptScreen, ShowsTheStrongestWayFirst) {
  const std::string page = drawn(choice(passkey(), {push(), passcode()}));
  EXPECT_TRUE(has(page, "Confirm with your passkey"));
  EXPECT_TRUE(has(page, "data-options=\"{&quot;challenge&quot;:&quot;AA&quot;}\""));
  EXPECT_TRUE(has(page, "data-auto=\"/prompt/DVAAAAAAAAAAAAAAAAAA\""));
  EXPECT_TRUE(has(page, "href=\"/prompt/DVAAAAAAAAAAAAAAAAAA/other\""));
  EXPECT_FALSE(has(page, "name=\"passcode\""));
}

TEST(PromptScreen, HasNoOtherWaysWhereThereAreNone) {
  const std::string page = drawn(choice(passcode(), {}));
  EXPECT_TRUE(has(page, "autocomplete=\"one-time-code\""));
  EXPECT_TRUE(has(page, "inputmode=\"numeric\""));
  EXPECT_FALSE(has(page, "/other\""));
  EXPECT_FALSE(has(page, "remember"));
}

TEST(PromptScreen, ListsTheOthers) {
  const std::string page = drawn(choice(passkey(), {push(), passcode()}), Part::list);
  EXPECT_TRUE(has(page, "/other?way=passkey"));
  EXPECT_TRUE(has(page, "/other?way=passcode"));
  EXPECT_TRUE(has(page, "name=\"phone\" value=\"DPAAAAAAAAAAAAAAAAAA\""));
  EXPECT_TRUE(has(page, "Authenticator on Ada&#39;s &lt;phone&gt;"));
}

TEST(PromptScreen, LeadsToTheListWhereAWayIsNotOpen) {
  const std::string page = drawn(choice(push(), {passcode()}), Part::passkey);
  EXPECT_TRUE(has(page, "How do you want to confirm?"));
  EXPECT_FALSE(has(page, "/other?way=passkey\""));
}

TEST(PromptScreen, StartsAPasskeyByItselfOnlyAtFirst) {
  flow::View view = choice(passkey(), {});
  EXPECT_TRUE(has(drawn(view), "data-auto="));
  EXPECT_FALSE(has(drawn(view, Part::passkey), "data-auto="));
  std::get<flow::Choose>(view.shows).problem = "passkey_failed";
  EXPECT_FALSE(has(drawn(view), "data-auto="));
  EXPECT_TRUE(has(drawn(view), "The passkey did not work, and no other way is open to you here."));
  std::get<flow::Choose>(view.shows).others = {passcode()};
  EXPECT_TRUE(has(drawn(view), "The passkey did not work. Try again or choose another way."));
}

TEST(PromptScreen, TiesAnErrorToItsField) {
  flow::View view = choice(push(), {passcode()});
  std::get<flow::Choose>(view.shows).problem = "invalid_passcode";
  const std::string page = drawn(view);
  EXPECT_TRUE(has(page, "aria-describedby=\"hint error\" aria-invalid=\"true\""));
  EXPECT_TRUE(has(page, "id=\"error\">This passcode does not work."));
}

TEST(PromptScreen, TiesNoOtherErrorToTheField) {
  flow::View view = choice(push(), {passcode()});
  std::get<flow::Choose>(view.shows).problem = "user_mistake";
  const std::string page = drawn(view, Part::passcode);
  EXPECT_FALSE(has(page, "aria-invalid"));
  EXPECT_TRUE(has(page, "Another number was typed on the phone"));
}

TEST(PromptScreen, SaysWhatWasWrongWithTheLastPressAlone) {
  flow::View view = choice(passcode(), {});
  std::get<flow::Choose>(view.shows).problem = "invalid_passcode";
  const std::string page = drawn(view, Part::passcode, "en", "empty_passcode");
  EXPECT_TRUE(has(page, "id=\"error\">Enter the passcode first."));
  EXPECT_FALSE(has(page, "This passcode does not work."));
}

TEST(PromptScreen, SaysThatItIsDoneToWhoComesBack) {
  const std::string page = drawn(view_of(flow::Refused{"already_signed_in", "7QX4", "https://app.example/cb?error=x"}));
  EXPECT_TRUE(has(page, "You are signed in already"));
  EXPECT_FALSE(has(page, "7QX4"));
  EXPECT_FALSE(has(page, "error=x"));
}

TEST(PromptScreen, OffersToRememberWherePolicyDoes) {
  flow::View view = choice(push(), {});
  std::get<flow::Choose>(view.shows).remember_days = 30;
  EXPECT_TRUE(has(drawn(view), "Remember this browser for 30 days"));
  EXPECT_TRUE(has(drawn(view, Part::strongest, "ar"), "لمدة 30 يومًا"));
  std::get<flow::Choose>(view.shows).remember_days = 1;
  EXPECT_TRUE(has(drawn(view), "Remember this browser for 1 day<"));
}

TEST(PromptScreen, ShowsTheNumberAndSaysItDigitByDigit) {
  const std::string page = drawn(waiting());
  EXPECT_TRUE(has(page, "aria-hidden=\"true\">482</p>"));
  EXPECT_TRUE(has(page, "The number is 4 8 2."));
  EXPECT_TRUE(has(page, ">0:47<"));
  EXPECT_TRUE(has(page, "/more-time"));
  EXPECT_TRUE(has(page, "data-wait=\"/prompt/DVAAAAAAAAAAAAAAAAAA/wait?since=3.open.7\""));
  EXPECT_TRUE(has(page, "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"));
  EXPECT_TRUE(has(page, "data-reveal"));
}

TEST(PromptScreen, SaysWhereNothingWasSent) {
  flow::View view = waiting();
  std::get<flow::Waiting>(view.shows).notified = flow::Waiting::Notified::no;
  std::get<flow::Waiting>(view.shows).more = flow::Waiting::More::spent;
  const std::string page = drawn(view);
  EXPECT_TRUE(has(page, "Open your authenticator on Pixel"));
  EXPECT_FALSE(has(page, "data-reveal"));
  EXPECT_FALSE(has(page, "/more-time"));
  EXPECT_FALSE(has(page, "Press “More time”"));
}

TEST(PromptScreen, BindsAPhoneByALinkInNoAddress) {
  const std::string page = drawn(view_of(flow::BindPhone{"https://mfa.example/activate/ABCDEFGH", 600}));
  EXPECT_TRUE(has(page, "href=\"/authenticator/#activate=ABCDEFGH\""));
  EXPECT_TRUE(has(page, ">https://mfa.example/activate/ABCDEFGH</code>"));
  EXPECT_TRUE(has(page, "<path d=\"M4 4h7v1h-7z"));
  EXPECT_FALSE(has(page, "<img"));
}

TEST(PromptScreen, RefusesWithAReasonAndANumberToQuote) {
  const std::string page = drawn(view_of(flow::Refused{"locked_out", "7QX4", "https://app.example/cb?error=x&a=b"}));
  EXPECT_TRUE(has(page, "your account is locked"));
  EXPECT_TRUE(has(page, ">7QX4<"));
  EXPECT_TRUE(has(page, "href=\"https://app.example/cb?error=x&amp;a=b\""));
  EXPECT_TRUE(has(page, "Back to VPN"));
  EXPECT_TRUE(has(drawn(view_of(flow::Refused{"no_such_reason", "7QX4", ""})), "Your organisation refused this"));
}

TEST(PromptScreen, HasNoPageForGoingBack) {
  EXPECT_EQ(drawn(view_of(flow::GoBack{"https://app.example/cb?code=1"})), "");
}

TEST(PromptScreen, SpeaksEveryLanguage) {
  for (const std::string& language : web::languages()) {
    const std::string page = drawn(waiting(), Part::strongest, language);
    EXPECT_TRUE(has(page, "<html lang=\"" + language + "\" dir=\"" + std::string(web::direction(language)) + "\">"));
    EXPECT_TRUE(has(page, "hreflang=\"" + language + "\" aria-current=\"true\""));
  }
}

TEST(PromptScreen, KeepsWithinItsSize) {
  std::size_t files = 0;
  for (const char* entry : {"prompt.js", "prompt.css", "mark.svg"}) {
    net::HttpRequest request;
    request.method = "GET";
    request.path = web::asset_path(entry);
    const net::HttpResponse file = web::asset(request);
    ASSERT_EQ(file.status, 200) << entry;
    files += file.body.size();
  }
  const flow::View link = view_of(
      flow::BindPhone{"https://a-long-host-name.mfa.example:8443/activate/" + std::string(kIdLength, 'A'), 600});
  for (const flow::View& view : {link, waiting(), choice(passkey(), {push(), passcode()})}) {
    for (const std::string& language : web::languages()) {
      EXPECT_LE(files + drawn(view, Part::list, language).size(), kWholePromptMax) << language;
    }
  }
}

TEST(PromptFingerprint, TellsWhatShowsDifferently) {
  flow::View one = choice(push(), {passcode()});
  flow::View other = one;
  std::get<flow::Choose>(other.shows).passkey_options = "another challenge";
  other.visit_seconds_left = 7;
  EXPECT_EQ(fingerprint(one), fingerprint(other));
  std::get<flow::Choose>(other.shows).others.clear();
  EXPECT_NE(fingerprint(one), fingerprint(other));
  EXPECT_NE(fingerprint(one), fingerprint(waiting()));
  flow::View later = waiting();
  std::get<flow::Waiting>(later.shows).seconds_left = 3;
  EXPECT_EQ(fingerprint(later), fingerprint(waiting()));
}

TEST(PromptQr, HasLimits) {
  EXPECT_EQ(qr_outline("").error().code, Errc::malformed);
  EXPECT_EQ(qr_outline(std::string(kQrTextMax + 1, 'a')).error().code, Errc::exhausted);
  EXPECT_EQ(qr_outline("https://mfa.example/activate/A")->side, 29 + 2 * kQrQuietModules);
}

}  // namespace
}  // namespace countersign::prompt
