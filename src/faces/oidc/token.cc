// token: from the code a browser brought back to what the application is told; and health_check.
#include <memory>
#include <utility>

#include "core/codec/json_write.h"
#include "faces/oidc/client.h"
#include "faces/oidc/error.h"
#include "faces/oidc/face.h"
#include "faces/oidc/id_token.h"
#include "flow/application_visit.h"

namespace countersign::oidc {

// A code that an application which showed itself would have exchanged.
struct Exchange {
  flow::CodeRequest request;
  std::string issuer;
};

namespace {

constexpr std::string_view kGrantType = "authorization_code";
constexpr std::string_view kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";  // RFC 7523 §2.2
constexpr std::size_t kCodeMax = 1024;
constexpr std::size_t kWordMax = 128;
constexpr std::size_t kAccessTokenLength = 43;  // 256 bits
constexpr std::string_view kTokenAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void check_assertion_type(Parameters& in) {
  const std::string type = in.need("client_assertion_type", kWordMax);
  if (!type.empty() && type != kAssertionType) {
    in.fail(Word::invalid_request, "client_assertion_type: it must be " + std::string(kAssertionType) + ".");
  }
}

// Who asks comes first: only an application that showed itself learns what is wrong with its code.
Checked<Exchange> read_exchange(Parameters& in, Checked<Shown> who) {
  Shown shown = OIDC_TRY(std::move(who));
  Exchange out;
  const std::string grant = in.need("grant_type", kWordMax);
  if (!grant.empty() && grant != kGrantType) {
    in.fail(Word::unsupported_grant_type, "grant_type: it must be authorization_code.");
  }
  out.request.code = in.need("code", kCodeMax);
  out.request.return_uri = in.need("redirect_uri", kRedirectUriMax);
  if (in.problem()) return *in.problem();
  // What the client will compare the issuer with: its own spelling of our name, port and all (duo-api §4.5). That it
  // is a name of ours has been checked.
  out.issuer = "https://" + shown.assertion.host + std::string(kTokenPath);
  out.request.app = std::move(shown.app);
  out.request.client_token = {std::move(shown.assertion.jti), shown.assertion.good_until};
  return out;
}

Problem problem_of_code(const AppId& app, const Error& error) {
  const bool refused = error.code == Errc::refused || error.code == Errc::not_found;
  Problem out = refused ? Problem{Word::invalid_grant, error.what + "."} : problem_of(error);  // it names what is wrong
  out.app = app;
  return out;
}

net::HttpResponse token_reply(const flow::Ports& ports, std::string input, ByteView signature) {
  codec::JsonWriter w;
  w.begin_object();
  w.key("id_token").string(codec::jwt(std::move(input), signature));
  // Opens nothing here: OAuth asks for one, and clients for its presence.
  w.key("access_token").string(random_text(ports.random, kAccessTokenLength, kTokenAlphabet));
  w.key("expires_in").integer(static_cast<std::int64_t>(kTokenLifetime.count()));
  w.key("token_type").string("Bearer");
  w.end_object();  // and nothing else: one client fails on a name that it does not know (duo-api §4.3)
  return json(200, w.take());
}

}  // namespace

net::Reply OidcFace::token(const net::HttpRequest& request) {
  const auto refuse = [this](const Problem& problem) { return token_error(problem, note(problem, kTokenPath)); };
  const Checked<bool> host = check_host(request);
  if (const auto* problem = std::get_if<Problem>(&host)) return refuse(*problem);
  Checked<Parameters> parameters = Parameters::of(request);
  if (const auto* problem = std::get_if<Problem>(&parameters)) return refuse(*problem);
  // Shared: a std::function must be copyable.
  auto in = std::make_shared<Parameters>(std::get<Parameters>(std::move(parameters)));
  check_assertion_type(*in);
  return authenticate(ports_, {hosts_, kTokenPath}, *in, [this, refuse, in](Checked<Shown> who) -> net::Reply {
    Checked<Exchange> read = read_exchange(*in, std::move(who));
    if (const auto* problem = std::get_if<Problem>(&read)) return refuse(*problem);
    return exchange(std::get<Exchange>(std::move(read)));
  });
}

net::Reply OidcFace::exchange(Exchange asked) {
  const auto refuse = [this](const Problem& problem) { return token_error(problem, note(problem, kTokenPath)); };
  auto held = std::make_shared<Exchange>(std::move(asked));
  return net::Committing{[this, refuse, held](std::function<void(net::Reply)> done) {
    const Application app = held->request.app;
    flow::redeem_code(
        ports_, std::move(held->request),
        [this, refuse, app, issuer = held->issuer, done = std::move(done)](Result<flow::Redeemed> redeemed) {
          if (!redeemed) return done(refuse(problem_of_code(app.id, redeemed.error())));
          const std::string claims = id_token_claims(*redeemed, issuer, ports_.clock.now());
          const std::string input = codec::jwt_signing_input(codec::JwtAlgorithm::hs512, claims);
          ports_.keys.sign_token_soon(app, input, [this, refuse, input, done](const Result<Bytes>& signature) {
            done(signature ? token_reply(ports_, input, *signature) : refuse(problem_of(signature.error())));
          });
        });
  }};
}

// A health check that checks: the application's key was asked, and spending its token is a write that must be durable.
net::Reply OidcFace::health_check(const net::HttpRequest& request) {
  const auto refuse = [this](const Problem& problem) {
    return health_failure(problem, note(problem, kHealthCheckPath), ports_.clock.now());
  };
  const Checked<bool> host = check_host(request);
  if (const auto* problem = std::get_if<Problem>(&host)) return refuse(*problem);
  Checked<Parameters> parameters = Parameters::of(request);
  if (const auto* problem = std::get_if<Problem>(&parameters)) return refuse(*problem);
  return authenticate(ports_, {hosts_, kHealthCheckPath}, std::get<Parameters>(parameters),
                      [this](Checked<Shown> who) { return healthy(std::move(who)); });
}

net::Reply OidcFace::healthy(Checked<Shown> who) {
  const auto refuse = [this](const Problem& problem) {
    return health_failure(problem, note(problem, kHealthCheckPath), ports_.clock.now());
  };
  if (const auto* problem = std::get_if<Problem>(&who)) return refuse(*problem);
  auto shown = std::make_shared<const Shown>(std::get<Shown>(std::move(who)));
  return net::Committing{[this, refuse, shown](std::function<void(net::Reply)> done) {
    const flow::ClientToken spent{shown->assertion.jti, shown->assertion.good_until};
    flow::spend_client_token(ports_, shown->app, spent, [this, refuse, done = std::move(done)](Result<bool> first) {
      if (!first) {
        const bool again = first.error().code == Errc::refused || first.error().code == Errc::conflict;
        return done(refuse(again ? Problem{Word::invalid_client, "client_assertion: its jti was used before."}
                                 : problem_of(first.error())));
      }
      codec::JsonWriter w;
      w.begin_object().key("stat").string("OK").key("response").begin_object();
      w.key("timestamp").integer(unix_s(ports_.clock.now()));
      w.end_object().end_object();
      done(json(200, w.take()));
    });
  }};
}

}  // namespace countersign::oidc
