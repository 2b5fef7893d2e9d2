#include "faces/device/page.h"

#include <gtest/gtest.h>
#include <png.h>

#include <cstring>
#include <string>
#include <vector>

#include "faces/device/qr.h"
#include "web/mustache.h"
#include "web/qr.h"

namespace countersign::device {
namespace {

constexpr const char* kUrl = "https://mfa.example:8443";

constexpr const char* kCode = "ABCDEFGHJKLMNPQRSTUV";

const web::Templates& templates() {
  static const web::Templates kTemplates = *web::Templates::load();
  return kTemplates;
}

net::HttpRequest get(std::string path, std::string accepts = "en") {
  net::HttpRequest out;
  out.method = "GET";
  out.path = std::move(path);
  out.headers = {{"accept-language", std::move(accepts)}};
  return out;
}

Result<net::HttpResponse> activation(const std::string& code, const std::string& accepts = "en") {
  return activation_page(templates(), kUrl, get("/activate/" + code, accepts));
}

std::string page_of(const std::string& code, const std::string& accepts = "en") {
  const Result<net::HttpResponse> page = activation(code, accepts);
  EXPECT_TRUE(page);
  return page ? page->body : "";
}

std::string header(const net::HttpResponse& response, std::string_view name) {
  for (const net::Header& h : response.headers) {
    if (h.name == name) return h.value;
  }
  return "(none)";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string without(std::string text, const std::string& part) {
  for (std::size_t at; !part.empty() && (at = text.find(part)) != std::string::npos;) text.erase(at, part.size());
  return text;
}

// The pixels, one byte each; empty where libpng does not like the file.
struct Image {
  unsigned width = 0, height = 0;
  std::vector<unsigned char> pixels;
};
Image decoded(std::string_view png) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, png.data(), png.size())) return {};
  image.format = PNG_FORMAT_GRAY;
  Image out{image.width, image.height, std::vector<unsigned char>(PNG_IMAGE_SIZE(image))};
  if (!png_image_finish_read(&image, nullptr, out.pixels.data(), 0, nullptr)) return {};
  return out;
}

TEST(DeviceQr, IsAPictureOfTheRightSize) {
  // 14 bytes at level M fit version 1: 21 modules, four of quiet zone on each side, six pixels each.
  const Image small = decoded(*qr_png("fourteen bytes"));
  EXPECT_EQ(small.width, (21u + 8u) * 6u);
  EXPECT_EQ(small.height, small.width);
  // One more needs version 2: 25 modules (ISO/IEC 18004, table 7).
  EXPECT_EQ(decoded(*qr_png("fifteen bytes!!")).width, (25u + 8u) * 6u);
}

TEST(DeviceQr, HasItsFinderPatternsAndAQuietZone) {
  const Image image = decoded(*qr_png(kUrl));
  const auto dark = [&](unsigned module_x, unsigned module_y) {
    return image.pixels[(module_y * 6u + 3u) * image.width + module_x * 6u + 3u] < 128;
  };
  const unsigned last = image.width / 6 - 5;
  for (const auto& [x, y] : {std::pair(4u, 4u), std::pair(last - 6, 4u), std::pair(4u, last - 6)}) {
    EXPECT_TRUE(dark(x, y)) << x << "," << y;           // the outer ring
    EXPECT_FALSE(dark(x + 1, y + 1)) << x << "," << y;  // the white ring
    EXPECT_TRUE(dark(x + 3, y + 3)) << x << "," << y;   // the heart
  }
  for (unsigned i = 0; i < image.width; ++i) EXPECT_EQ(image.pixels[i], 255);
}

TEST(DeviceQr, HasALimit) {
  EXPECT_TRUE(qr_png(std::string(kQrValueMax, 'x')));
  const Result<std::string> beyond = qr_png(std::string(kQrValueMax + 1, 'x'));
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, Errc::exhausted);
}

TEST(DeviceQr, RefusesNothingAndNul) {
  EXPECT_EQ(qr_png("").error().code, Errc::malformed);
  EXPECT_EQ(qr_png(std::string_view("a\0b", 3)).error().code, Errc::malformed);
}

TEST(DevicePage, LeadsToTheAuthenticatorOnThisDevice) {
  // In the fragment: no server hears the code once more, and no log has it.
  const std::string page = page_of(kCode);
  EXPECT_TRUE(has(page, "<a class=\"button main wide\" href=\"/authenticator/#activate=ABCDEFGHJKLMNPQRSTUV\">"));
  EXPECT_TRUE(has(page, "Set up on this device"));
}

TEST(DevicePage, ShowsTheLinkAndTheCommand) {
  const std::string page = page_of(kCode);
  EXPECT_TRUE(has(page, "\"ltr\">https://mfa.example:8443/activate/ABCDEFGHJKLMNPQRSTUV</code>"));
  EXPECT_TRUE(
      has(page, "\"ltr\">countersign authenticator activate https://mfa.example:8443/activate/ABCDEFGHJKLMNPQRSTUV<"));
  EXPECT_FALSE(has(page, "{{"));
  const std::size_t command = page.find("countersign authenticator");
  EXPECT_LT(page.find("<details class=\"reveal\">"), command);
  EXPECT_GT(page.find("</details>"), command);
}

TEST(DevicePage, HoldsTheQrCodeOfTheLink) {
  const web::QrOutline qr = *web::qr_outline("https://mfa.example:8443/activate/ABCDEFGHJKLMNPQRSTUV");
  EXPECT_TRUE(has(page_of(kCode), "<path d=\"" + qr.path + "\"/>"));
  EXPECT_TRUE(has(page_of(kCode), "viewBox=\"0 0 " + std::to_string(qr.side) + " " + std::to_string(qr.side) + "\""));
}

TEST(DevicePage, WarnsNotToPassTheLinkOn) {
  for (const std::string& language : web::languages()) {
    const std::string warning = web::escape_html(web::message(language, "activation.keep_secret"));
    ASSERT_FALSE(warning.empty()) << language;
    EXPECT_TRUE(has(page_of(kCode, language), warning)) << language;
  }
}

TEST(DevicePage, RunsNothingAndFetchesOurOwnAlone) {
  const net::HttpResponse page = *activation(kCode);
  EXPECT_EQ(header(page, "content-security-policy"),
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'");
  for (const std::string& body : {page.body, enrolment_page(templates(), get("/enroll")).body}) {
    EXPECT_FALSE(has(body, "<script"));
    EXPECT_FALSE(has(body, "<style"));
    EXPECT_FALSE(has(body, " style="));
    EXPECT_FALSE(has(body, "<img"));
    EXPECT_TRUE(has(body, "<link rel=\"stylesheet\" href=\"/assets/"));
  }
  EXPECT_EQ(header(page, "cache-control"), "no-store");
  EXPECT_EQ(header(page, "referrer-policy"), "no-referrer");
}

TEST(DevicePage, TellsNothingAboutTheCode) {
  // The same page but for the code and its picture, whatever the code is worth: there is nothing to read it with.
  const std::string other_code = "99999999999999999999";
  const auto blank = [](const std::string& code) {
    const std::string link = std::string(kUrl) + "/activate/" + code;
    return without(without(page_of(code), web::qr_outline(link)->path), code);
  };
  EXPECT_EQ(blank(kCode), blank(other_code));
  EXPECT_GT(blank(kCode).size(), 1000u);
}

TEST(DevicePage, RefusesWhatIsNoCode) {
  for (const std::string& code : {std::string(), std::string("short"), std::string(65, 'A'),
                                  std::string("ABCDEFGH<script>"), std::string("ABCDEFGH/JKLMNPQR")}) {
    const Result<net::HttpResponse> page = activation(code);
    ASSERT_FALSE(page) << code;
    EXPECT_EQ(page.error().code, Errc::not_found);
  }
}

TEST(DevicePage, RefusesWhatIsNoCodeAlsoInAnotherLanguage) {
  net::HttpRequest request = get("/activate/%0d%0ax");
  request.query = "lang=de";
  EXPECT_EQ(activation_page(templates(), kUrl, request).error().code, Errc::not_found);
}

TEST(DevicePage, SpeaksTheLanguageOfTheBrowser) {
  EXPECT_TRUE(has(page_of(kCode, "de-CH, en;q=0.5"), "<html lang=\"de\" dir=\"ltr\">"));
  EXPECT_TRUE(
      has(page_of(kCode, "de-CH, en;q=0.5"), "<h1 tabindex=\"-1\" autofocus=\"\">Authenticator einrichten</h1>"));
  EXPECT_TRUE(has(page_of(kCode, "ar"), "<html lang=\"ar\" dir=\"rtl\">"));
  EXPECT_TRUE(has(enrolment_page(templates(), get("/enroll", "fr")).body, "second facteur"));
}

TEST(DevicePage, SpeaksTheLanguageThatWasChosen) {
  net::HttpRequest request = get("/activate/ABCDEFGH", "de");
  request.headers.push_back({"cookie", "lang=es"});
  EXPECT_TRUE(has(activation_page(templates(), kUrl, request)->body, "<html lang=\"es\""));
  EXPECT_TRUE(has(enrolment_page(templates(), request).body, "<html lang=\"es\""));
}

TEST(DevicePage, KeepsTheChoiceOfALanguage) {
  EXPECT_TRUE(has(page_of("ABCDEFGH"), "href=\"/activate/ABCDEFGH?lang=ja\""));
  net::HttpRequest request = get("/activate/ABCDEFGH");
  request.query = "lang=ja";
  const net::HttpResponse out = *activation_page(templates(), kUrl, request);
  EXPECT_EQ(out.status, 303);
  EXPECT_EQ(header(out, "location"), "/activate/ABCDEFGH");
  EXPECT_TRUE(header(out, "set-cookie").starts_with("lang=ja; "));
}

TEST(DevicePage, DoesNotMindWhatMailProgramsAdd) {
  net::HttpRequest request = get("/activate/ABCDEFGH");
  for (const char* query : {"utm_source=mail", "%zz", "a=1&a=2"}) {
    request.query = query;
    EXPECT_EQ(activation_page(templates(), kUrl, request)->status, 200) << query;
  }
}

TEST(DevicePage, TellsWhoHasNoFactorWhatToDo) {
  const std::string page = enrolment_page(templates(), get("/enroll")).body;
  EXPECT_TRUE(has(page, "You need a second factor first"));
  EXPECT_TRUE(has(page, "Open one of your applications in a browser"));
  EXPECT_TRUE(has(page, "help desk"));
  EXPECT_FALSE(has(page, "{{"));
}

TEST(DevicePage, EscapesTheAddressItWasGiven) {
  const Result<net::HttpResponse> page =
      activation_page(templates(), "https://a\"><b>.example", get("/activate/ABCDEFGH"));
  EXPECT_FALSE(has(page->body, "<b>"));
  EXPECT_TRUE(has(page->body, "https://a&quot;&gt;&lt;b&gt;.example/activate/ABCDEFGH"));
}

}  // namespace
}  // namespace countersign::device
