#include "core/codec/user_agent.h"

#include <gtest/gtest.h>

namespace countersign::codec {
namespace {

void check(std::string_view text, std::string_view browser, std::string_view os) {
  const UserAgent read = read_user_agent(text);
  EXPECT_EQ(read.browser + " " + read.browser_version, browser) << text;
  EXPECT_EQ(read.os + " " + read.os_version, os) << text;
}

TEST(UserAgent, KnowsTheBrowsersPeopleUse) {
  check("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140.0", "Linux ");
  check("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
        "Safari/537.36",
        "Chrome 140.0.0.0", "Windows 10.0");
  check("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
        "Safari/537.36 Edg/140.0.3485.54",
        "Edge 140.0.3485.54", "Windows 10.0");
  check("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
        "Safari/605.1.15",
        "Safari 18.5", "macOS 10.15.7");
  check("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.5 Mobile/15E148 Safari/604.1",
        "Safari 18.5", "iOS 18.5");
  check("Mozilla/5.0 (iPad; CPU OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 "
        "Mobile/15E148 Safari/604.1",
        "Chrome 140.0", "iPadOS 17.1");
  check("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 "
        "Chrome/130.0.0.0 Mobile Safari/537.36",
        "Samsung Internet 28.0", "Android 15");
  check("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
        "Safari/537.36 OPR/120.0",
        "Opera 120.0", "ChromeOS ");
}

TEST(UserAgent, SaysNothingOfWhatItDoesNotKnow) {
  check("", " ", " ");
  check("curl/8.5.0", " ", " ");
  check("Version/", " ", " ");
  check("Firefox/", "Firefox ", " ");
  check(std::string(kUserAgentMax, 'a') + " Firefox/1", " ", " ");
  check("Firefox/1.2.3.<script>", "Firefox 1.2.3", " ");
}

}  // namespace
}  // namespace countersign::codec
