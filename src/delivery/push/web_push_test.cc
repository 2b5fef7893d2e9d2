// The sender against a push service on loopback, which answers what a test tells it to.
#include "delivery/push/web_push.h"

#include <gtest/gtest.h>

#include "core/codec/base64.h"
#include "core/codec/http_date.h"
#include "core/codec/jwt.h"
#include "net/tls.h"
#include "testing/certificate.h"
#include "testing/http_server.h"
#include "testing/manual_clock.h"
#include "testing/seeded_random.h"

namespace countersign::push {
namespace {

struct Service : ::testing::Test {
  std::mutex mutex;
  std::vector<net::HttpRequest> requests;
  net::HttpResponse answer{.status = 201, .content_type = "", .body = "", .headers = {}};
  testing::HttpServer server{[this](const net::HttpRequest& request) -> net::Reply {
    const std::lock_guard lock(mutex);
    requests.push_back(request);
    return answer;
  }};
  std::string origin = "http://127.0.0.1:" + std::to_string(server.port());
  testing::SeededRandom random;
  testing::ManualClock clock;
  crypto::Es256Key key = crypto::Es256Key::generate(random);
  Vapid vapid{key, "mailto:ops@example.org"};
  webpush::Services services = *webpush::Services::parse({origin});
  WebPush sender{{vapid, services, random, clock}, {}};

  webpush::Subscription subscription(std::string target = "/push/1") {
    return {.endpoint = origin + target,
            .p256dh = crypto::Es256Key::generate(random).public_key().point(),
            .auth = Secret(ByteView(random_bytes(random, webpush::kAuthSize)))};
  }
  Outcome send() { return sender.send(subscription(), {.topic = "look", .lifetime = seconds(60)}); }
  Outcome send_answered(int status, std::vector<net::Header> headers = {}) {
    answer = {.status = status, .content_type = "", .body = "", .headers = std::move(headers)};
    return send();
  }
};

TEST_F(Service, GetsAnEncryptedMessageWithALifeATopicAndUrgency) {
  EXPECT_EQ(send().end, End::accepted);
  ASSERT_EQ(requests.size(), 1U);
  const net::HttpRequest& request = requests[0];
  EXPECT_EQ(request.method + " " + request.path, "POST /push/1");
  EXPECT_EQ(request.header("ttl"), "60");
  EXPECT_EQ(request.header("topic"), "look");
  EXPECT_EQ(request.header("urgency"), "high");
  EXPECT_EQ(request.header("content-encoding"), "aes128gcm");
  EXPECT_EQ(request.body.size(), 86 + kLook.size() + 1 + 16);
  EXPECT_EQ(request.body.find("look"), std::string::npos);
}

TEST_F(Service, KnowsTheSenderByASignedToken) {
  EXPECT_EQ(send().end, End::accepted);
  const std::string authorization(requests.at(0).header("authorization"));
  const std::size_t comma = authorization.find(", k=");
  ASSERT_TRUE(authorization.starts_with("vapid t=") && comma != std::string::npos) << authorization;
  EXPECT_EQ(authorization.substr(comma + 4), application_server_key(key));
  const auto token = codec::read_jwt(authorization.substr(8, comma - 8), codec::JwtAlgorithm::es256);
  ASSERT_TRUE(token) << token.error().what;
  EXPECT_TRUE(key.public_key().verify(bytes_of(token->signing_input), token->signature));
  EXPECT_EQ(*token->payload.find("aud")->as_string(), origin);
  EXPECT_EQ(*token->payload.find("sub")->as_string(), "mailto:ops@example.org");
  EXPECT_EQ(*token->payload.find("exp")->as_int(), unix_s(clock.now() + kTokenLife));
}

TEST_F(Service, SeesOneTokenForHoursAndThenAnother) {
  EXPECT_EQ(send().end, End::accepted);
  clock.advance(kTokenReused - seconds(1));
  EXPECT_EQ(send().end, End::accepted);
  clock.advance(seconds(1));
  EXPECT_EQ(send().end, End::accepted);
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].header("authorization"), requests[1].header("authorization"));
  EXPECT_NE(requests[0].header("authorization"), requests[2].header("authorization"));
  EXPECT_EQ(server.server().counters().connections_accepted, 1U) << "the connection stays";
}

TEST_F(Service, EachServiceGetsATokenOfItsOwn) {
  EXPECT_NE(vapid.authorization("https://a.example", clock.now()),
            vapid.authorization("https://b.example", clock.now()));
}

TEST_F(Service, SaysWhatBecameOfTheMessage) {
  for (const auto& [status, end] : {std::pair(200, End::accepted),
                                    {202, End::accepted},
                                    {404, End::gone},
                                    {410, End::gone},
                                    {413, End::too_large},
                                    {429, End::retry_later},
                                    {500, End::retry_later},
                                    {503, End::retry_later},
                                    {400, End::rejected},
                                    {401, End::rejected},
                                    {403, End::rejected}}) {
    const Outcome outcome = send_answered(status);
    EXPECT_EQ(outcome.end, end) << status;
    EXPECT_EQ(outcome.status, status);
  }
}

TEST_F(Service, NamesATimeToTryAgain) {
  EXPECT_EQ(send_answered(429, {{"retry-after", "7"}}).retry_after, seconds(7));
  EXPECT_EQ(send_answered(503, {{"retry-after", codec::http_date(clock.now() + seconds(30))}}).retry_after,
            seconds(30));
  EXPECT_EQ(send_answered(503).retry_after, seconds(0));
  EXPECT_EQ(send_answered(503, {{"retry-after", "soon"}}).retry_after, seconds(0));
  EXPECT_EQ(send_answered(503, {{"retry-after", "-5"}}).retry_after, seconds(0));
  EXPECT_EQ(send_answered(503, {{"retry-after", "99999999999"}}).retry_after, kRetryAfterMax);
}

TEST_F(Service, ThatRedirectsIsNotFollowed) {
  EXPECT_EQ(send_answered(307, {{"location", origin + "/elsewhere"}}).end, End::rejected);
  EXPECT_EQ(requests.size(), 1U);
}

TEST_F(Service, ThatTalksTooMuchIsNotHeardOut) {
  answer = {.status = 201, .content_type = "text/plain", .body = std::string(100'000, 'a'), .headers = {}};
  EXPECT_EQ(send().end, End::rejected);
}

TEST_F(Service, ThatIsNotAllowedIsNotCalled) {
  const webpush::Services others = *webpush::Services::parse({"fcm.googleapis.com"});
  WebPush strict({vapid, others, random, clock}, {});
  EXPECT_EQ(strict.send(subscription(), {.topic = "look", .lifetime = seconds(60)}).end, End::rejected);
  EXPECT_TRUE(requests.empty());
}

// Over TLS, as everywhere but on this machine.
TEST_F(Service, IsBelievedByItsCertificateOnly) {
  const testing::ScratchFolder folder;
  testing::write_certificate(folder / "tls.pem", "push");
  const auto context = net::TlsContext::load(folder / "tls.pem", folder / "tls.pem");
  ASSERT_TRUE(context);
  testing::HttpServer secure(
      [](const net::HttpRequest&) {
        return net::HttpResponse{.status = 201, .content_type = "", .body = "", .headers = {}};
      },
      testing::HttpServer::quick(), context->get());
  const std::string at = "https://127.0.0.1:" + std::to_string(secure.port());
  const webpush::Services own = *webpush::Services::parse({at});
  webpush::Subscription to = subscription();
  to.endpoint = at + "/push/1";
  WebPush trusting({vapid, own, random, clock}, {.timeout = milliseconds(5'000), .ca_file = folder / "tls.pem"});
  EXPECT_EQ(trusting.send(to, {.topic = "look", .lifetime = seconds(60)}).end, End::accepted);
  WebPush wary({vapid, own, random, clock}, {});
  EXPECT_EQ(wary.send(to, {.topic = "look", .lifetime = seconds(60)}).end, End::unreachable);
}

TEST_F(Service, ThatIsAwayIsUnreachable) {
  server.stop();
  EXPECT_EQ(send().end, End::unreachable);
}

TEST_F(Service, ThatSaysNothingIsUnreachableAfterTheTimeout) {
  testing::HttpServer silent([](const net::HttpRequest&) -> net::Reply {
    return net::Wait{"never", Instant::max(), [] { return net::HttpResponse(); }};
  });
  const std::string at = "http://127.0.0.1:" + std::to_string(silent.port());
  const webpush::Services own = *webpush::Services::parse({at});
  WebPush hasty({vapid, own, random, clock}, {.timeout = milliseconds(50), .ca_file = {}});
  webpush::Subscription to = subscription();
  to.endpoint = at + "/push/1";
  EXPECT_EQ(hasty.send(to, {.topic = "look", .lifetime = seconds(60)}).end, End::unreachable);
}

}  // namespace
}  // namespace countersign::push
