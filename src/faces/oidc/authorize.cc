// authorize: from the application's request to a visit of the prompt.
#include <memory>
#include <utility>

#include "faces/oidc/client.h"
#include "faces/oidc/error.h"
#include "faces/oidc/face.h"
#include "faces/oidc/request.h"
#include "flow/application_visit.h"
#include "web/page.h"

namespace countersign::oidc {
namespace {

struct Asked {
  AppId client;
  std::string request;
  Outside outside;
};

Checked<Asked> read_parameters(const net::HttpRequest& from) {
  Parameters in = OIDC_TRY(Parameters::of(from));
  Asked out;
  const std::string client_id = in.need("client_id", kIdLengthMax);
  if (!in.text("request_uri", codec::kFormBytesMax).empty()) {
    in.fail(Word::request_uri_not_supported, "request_uri: send the request itself.");
  }
  out.request = in.need("request", codec::kJwtBytesMax);
  out.outside = {in.text("response_type", kParameterMax), in.text("scope", kParameterMax),
                 in.text("nonce", kParameterMax), in.text("state", kParameterMax)};
  // The one inside is signed; the one beside it, which one client does not even encode, is not looked at.
  in.text("redirect_uri", codec::kFormBytesMax);
  if (in.problem()) return *in.problem();
  Result<AppId> client = AppId::parse(client_id);
  if (!client) return Problem{Word::invalid_client, "client_id: no application of this server has it."};
  out.client = *std::move(client);
  return out;
}

// Until here nobody knows who asks: what is wrong is told on a page.
struct Known {
  Application app;
  codec::Json claims;
  Outside outside;
};

Checked<Known> read_known(const flow::Ports& ports, const net::HttpRequest& from) {
  Asked asked = OIDC_TRY(read_parameters(from));
  codec::JwtParts token = OIDC_TRY(about(asked.client, read_token(asked.request, Word::invalid_request_object)));
  Application app = OIDC_TRY(about(asked.client, client_of(ports, asked.client, token)));
  return Known{std::move(app), std::move(token.payload), std::move(asked.outside)};
}

// A use case's error to one who may be sent back.
Problem problem_of_visit(const Error& error) {
  if (error.code == Errc::malformed) return {Word::invalid_request_object, "duo_uname: no user can have this name."};
  return problem_of(error);
}

}  // namespace

net::Reply OidcFace::authorize(const net::HttpRequest& request) {
  const Checked<bool> host = check_host(request);
  if (const auto* problem = std::get_if<Problem>(&host)) return page(*problem, request);
  Checked<Known> known = read_known(ports_, request);
  if (const auto* problem = std::get_if<Problem>(&known)) return page(*problem, request);
  auto& [app, claims, outside] = std::get<Known>(known);
  auto read = read_request(claims, outside, {app, hosts_, request.host, ports_.clock.now()});
  if (auto* refusal = std::get_if<Refusal>(&read)) {
    refusal->problem.app = app.id;
    //= rfc6749#4.1.2.1 "MUST NOT automatically redirect the user-agent to the invalid redirection URI."
    if (refusal->uri.empty()) return page(refusal->problem, request);
    const std::string reference = note(refusal->problem, kAuthorizePath);
    return back_with_error({std::move(refusal->uri), std::move(refusal->state)}, refusal->problem, reference);
  }
  auto& asked = std::get<SignInRequest>(read);
  const WayBack back{asked.back.uri, asked.back.state};
  const AppId client = app.id;
  // Shared: a std::function must be copyable.
  auto visit = std::make_shared<flow::VisitRequest>();
  visit->app = std::move(app);
  visit->username = std::move(asked.username);
  visit->back = std::move(asked.back);
  return net::Committing{[this, visit, back, client](std::function<void(net::Reply)> done) {
    flow::begin_visit(ports_, std::move(*visit), [this, back, client, done = std::move(done)](Result<VisitId> begun) {
      if (begun) return done(web::see_other(prompt_path_ + begun->text()));
      Problem problem = problem_of_visit(begun.error());
      problem.app = client;
      done(back_with_error(back, problem, note(problem, kAuthorizePath)));
    });
  }};
}

}  // namespace countersign::oidc
