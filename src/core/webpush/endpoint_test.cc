#include "core/webpush/endpoint.h"

#include <gtest/gtest.h>

namespace countersign::webpush {
namespace {

Services services(const std::vector<std::string>& entries) {
  auto made = Services::parse(entries);
  EXPECT_TRUE(made) << made.error().what;
  return *std::move(made);
}

Services usual() {
  return services({"*.push.services.mozilla.com", "fcm.googleapis.com", "*.push.apple.com", "*.notify.windows.com"});
}

// "origin target", or the name of the error's code.
std::string read(std::string_view url) {
  const auto endpoint = parse_endpoint(url);
  return endpoint ? endpoint->origin() + " " + endpoint->target : name(endpoint.error().code);
}

std::string admitted(const Services& by, std::string_view url) {
  const auto endpoint = by.admit(url);
  return endpoint ? "admitted" : name(endpoint.error().code);
}

TEST(Endpoint, ReadsWhatBrowsersGive) {
  EXPECT_EQ(read("https://updates.push.services.mozilla.com/wpush/v2/gAAA-_b"),
            "https://updates.push.services.mozilla.com /wpush/v2/gAAA-_b");
  EXPECT_EQ(read("https://fcm.googleapis.com/fcm/send/dX:APA91b-_"),
            "https://fcm.googleapis.com /fcm/send/dX:APA91b-_");
  EXPECT_EQ(read("https://wns2-db5p.notify.windows.com/w/?token=BQ%2b%3d"),
            "https://wns2-db5p.notify.windows.com /w/?token=BQ%2b%3d");
  EXPECT_EQ(read("HTTPS://Push.Example.ORG:443"), "https://push.example.org /");
  EXPECT_EQ(read("https://push.example.org:8443?a=b"), "https://push.example.org:8443 /?a=b");
  EXPECT_EQ(read("http://[::1]:8080/x"), "http://[::1]:8080 /x");
}

TEST(Endpoint, RefusesWhatIsNoAddress) {
  for (const char* url : {"",
                          "push.example.org/x",
                          "https:/x",
                          "ftp://push.example.org/x",
                          "javascript:alert(1)",
                          "https://",
                          "https:///x",
                          "https://user@push.example.org/x",
                          "https://user:word@push.example.org/x",
                          "https://push.example.org@evil.example/x",
                          "https://push.example.org/x#y",
                          "https://push.example.org/a b",
                          "https://push.example.org/a\r\nHost: evil",
                          "https://push..example.org/x",
                          "https://-push.example.org/x",
                          "https://push.example.org./x",
                          "https://push.example.org:0/x",
                          "https://push.example.org:65536/x",
                          "https://push.example.org:/x",
                          "https://push.example.org:044/x",
                          "https://push.example.org:4 4/x",
                          "https://[::1/x",
                          "https://[zz]/x",
                          "https://[::1]x/",
                          "https://pu%73h.example.org/x",
                          "https://p\xc3\xbcsh.org/",
                          "https://push.example.org\\@evil.example/x"}) {
    EXPECT_EQ(read(url), "malformed") << url;
  }
  EXPECT_EQ(read("https://push.example.org/" + std::string(kEndpointMax, 'a')), "malformed");
}

TEST(Services, AdmitTheirOwn) {
  EXPECT_EQ(admitted(usual(), "https://updates.push.services.mozilla.com/wpush/v2/x"), "admitted");
  EXPECT_EQ(admitted(usual(), "https://fcm.googleapis.com/fcm/send/x"), "admitted");
  EXPECT_EQ(admitted(usual(), "https://web.push.apple.com/x"), "admitted");
  EXPECT_EQ(admitted(usual(), "https://WNS2-db5p.Notify.Windows.com/w/?token=x"), "admitted");
}

TEST(Services, AdmitNobodyElse) {
  for (const char* url :
       {"https://push.services.mozilla.com/x", "https://evilpush.services.mozilla.com/x",
        "https://updates.push.services.mozilla.com.evil.example/x", "https://evil.example/updates.push.apple.com",
        "http://updates.push.services.mozilla.com/x", "https://updates.push.services.mozilla.com:8443/x",
        "https://127.0.0.1/x", "https://localhost/x", "https://169.254.169.254/latest", "https://[::1]/x",
        "https://a.fcm.googleapis.com/x", "http://127.0.0.1:8080/x"}) {
    EXPECT_EQ(admitted(usual(), url), "refused") << url;
  }
  EXPECT_EQ(admitted(services({}), "https://fcm.googleapis.com/x"), "refused");
}

TEST(Services, OfOnesOwnAreNamedByTheirOrigin) {
  const Services own = services({"http://127.0.0.1:9100", "https://push.example.org:8443", "http://[::1]:9100"});
  EXPECT_EQ(admitted(own, "http://127.0.0.1:9100/push/1"), "admitted");
  EXPECT_EQ(admitted(own, "http://[::1]:9100/push/1"), "admitted");
  EXPECT_EQ(admitted(own, "https://push.example.org:8443/push/1"), "admitted");
  EXPECT_EQ(admitted(own, "http://127.0.0.1:9101/push/1"), "refused");
  EXPECT_EQ(admitted(own, "http://127.0.0.2:9100/push/1"), "refused");
  EXPECT_EQ(admitted(own, "https://push.example.org/push/1"), "refused");
}

TEST(Services, EntriesOfAnotherFormAreRefusedByName) {
  for (const char* entry :
       {"http://push.example.org", "https://push.example.org/", "https://push.example.org/x", "*.com", "*", "*.",
        "push.*.org", "a b", "http://192.0.2.1:80", "http://127.0.0.1.evil.example:80"}) {
    const auto made = Services::parse({"fcm.googleapis.com", entry});
    ASSERT_FALSE(made) << entry;
    EXPECT_EQ(made.error().code, Errc::malformed);
    EXPECT_TRUE(made.error().what.starts_with(std::string(entry) + ": ")) << made.error().what;
  }
}

}  // namespace
}  // namespace countersign::webpush
