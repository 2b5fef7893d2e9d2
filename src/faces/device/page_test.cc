#include "faces/device/page.h"

#include <gtest/gtest.h>
#include <png.h>

#include <cstring>
#include <string>
#include <vector>

#include "core/codec/base64.h"
#include "core/crypto/hash.h"
#include "faces/device/qr.h"

namespace countersign::device {
namespace {

constexpr const char* kUrl = "https://mfa.example:8443";

std::string page_of(std::string_view url, std::string_view code) {
  const Result<net::HttpResponse> page = activation_page(url, code);
  EXPECT_TRUE(page);
  return page ? page->body : "";
}

std::string header(const net::HttpResponse& response, std::string_view name) {
  for (const net::Header& h : response.headers) {
    if (h.name == name) return h.value;
  }
  return "(none)";
}

std::string between(const std::string& text, const std::string& before, const std::string& after) {
  const std::size_t start = text.find(before);
  if (start == std::string::npos) return "(none)";
  const std::size_t from = start + before.size();
  return text.substr(from, text.find(after, from) - from);
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

TEST(DevicePage, ShowsTheLinkAndTheCommand) {
  const std::string page = page_of(kUrl, "ABCDEFGHJKLMNPQRSTUV");
  EXPECT_NE(page.find("<code>https://mfa.example:8443/activate/ABCDEFGHJKLMNPQRSTUV</code>"), std::string::npos);
  EXPECT_NE(page.find("countersign authenticator activate https://mfa.example:8443/activate/ABCDEFGHJKLMNPQRSTUV"),
            std::string::npos);
  EXPECT_EQ(page.find("{{"), std::string::npos);
}

TEST(DevicePage, HoldsTheQrCodeOfTheLink) {
  const std::string page = page_of(kUrl, "ABCDEFGHJKLMNPQRSTUV");
  const Result<Bytes> png =
      codec::from_base64(codec::Base64::padded, between(page, "src=\"data:image/png;base64,", "\""));
  ASSERT_TRUE(png);
  EXPECT_EQ(text_of(*png), *qr_png("https://mfa.example:8443/activate/ABCDEFGHJKLMNPQRSTUV"));
}

TEST(DevicePage, RunsNothingAndAllowsItsOwnStyleOnly) {
  const Result<net::HttpResponse> page = activation_page(kUrl, "ABCDEFGHJKLMNPQRSTUV");
  ASSERT_TRUE(page);
  const std::string policy = header(*page, "content-security-policy");
  const std::string style = between(page->body, "<style>", "</style>");
  const std::string digest =
      codec::to_base64(codec::Base64::padded, crypto::hash(crypto::HashKind::sha256, bytes_of(style)));
  EXPECT_EQ(policy, "default-src 'none'; img-src data:; style-src 'sha256-" + digest +
                        "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  EXPECT_EQ(page->body.find("<script"), std::string::npos);
  EXPECT_EQ(page->body.find(" style="), std::string::npos);
  EXPECT_EQ(header(*page, "cache-control"), "no-store");
  EXPECT_EQ(header(*page, "referrer-policy"), "no-referrer");
}

TEST(DevicePage, TellsNothingAboutTheCode) {
  // The same page but for the code and its picture, whatever the code is worth: nothing is read.
  std::string one = page_of(kUrl, "ABCDEFGHJKLMNPQRSTUV"), other = page_of(kUrl, "99999999999999999999");
  const auto blank = [](std::string& page, const std::string& what) {
    for (std::size_t at; (at = page.find(what)) != std::string::npos;) page.erase(at, what.size());
  };
  blank(one, "ABCDEFGHJKLMNPQRSTUV");
  blank(other, "99999999999999999999");
  blank(one, between(one, "base64,", "\""));
  blank(other, between(other, "base64,", "\""));
  EXPECT_EQ(one, other);
}

TEST(DevicePage, RefusesWhatIsNoCode) {
  for (const std::string& code : {std::string(), std::string("short"), std::string(65, 'A'),
                                  std::string("ABCDEFGH<script>"), std::string("ABCDEFGH/JKLMNPQR")}) {
    const Result<net::HttpResponse> page = activation_page(kUrl, code);
    ASSERT_FALSE(page) << code;
    EXPECT_EQ(page.error().code, Errc::not_found);
  }
}

TEST(DevicePage, TellsWhoHasNoFactorWhomToAsk) {
  const net::HttpResponse page = enrolment_page();
  EXPECT_NE(page.body.find("help desk"), std::string::npos);
  EXPECT_EQ(page.body.find("{{"), std::string::npos);
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
}

TEST(DevicePage, EscapesTheAddressItWasGiven) {
  EXPECT_EQ(page_of("https://a\"><b>.example", "ABCDEFGH").find("<b>"), std::string::npos);
}

}  // namespace
}  // namespace countersign::device
