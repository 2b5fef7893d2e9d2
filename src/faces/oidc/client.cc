#include "faces/oidc/client.h"

#include <fmt/format.h>

#include <utility>

#include "flow/find_app.h"

namespace countersign::oidc {
namespace {

bool may_call(AppType type) {
  switch (type) {
    case AppType::websdk:
    case AppType::partner: return true;
    case AppType::authapi:
    case AppType::unix_login:
    case AppType::adminapi:
    case AppType::accountsapi:
    case AppType::radius:
    case AppType::ldapproxy: return false;
  }
  return false;
}

// Absent, or "JWT" in any case (RFC 7519 §5.1): a token made to be something else is not taken for this.
bool is_plain_jwt(const codec::Json& header) {
  const codec::Json* typ = header.find("typ");
  if (!typ) return true;
  const Result<std::string_view> text = typ->as_string();
  return text && text->size() == 3 && (((*text)[0] | 0x20) == 'j') && (((*text)[1] | 0x20) == 'w') &&
         (((*text)[2] | 0x20) == 't');
}

}  // namespace

Checked<codec::JwtParts> read_token(std::string_view compact, Word word) {
  Result<codec::JwtParts> token = codec::read_jwt(compact, codec::JwtAlgorithm::hs512);
  if (!token) return Problem{word, "The token cannot be used: " + token.error().what + "."};
  if (!is_plain_jwt(token->header)) return Problem{word, "The token cannot be used: its typ is not JWT."};
  return *std::move(token);
}

namespace {

const Application* known(const std::optional<Application>& app) { return app && app->enabled ? &*app : nullptr; }

// Once it was asked whether it signed.
Checked<Application> judge(std::optional<Application> app, const Result<bool>& signed_it) {
  if (!signed_it) return problem_of(signed_it.error());
  if (!known(app)) {
    return Problem{Word::invalid_client, app ? "client_id: this application is disabled."
                                             : "client_id: no application of this server has it."};
  }
  if (!*signed_it) return Problem{Word::invalid_client, "The signature is not right; check the client_secret."};
  if (!may_call(app->type)) {
    return Problem{
        Word::unauthorized_client,
        fmt::format("This application is of type {}; this API takes websdk and partner.", name(app->type))};
  }
  return *std::move(app);
}

// An assertion whose signature is being asked about.
struct Claim {
  codec::JwtParts token;
  AppId id;
  std::optional<Application> app;
};

Checked<Claim> read_claim(const flow::Ports& ports, Parameters& parameters) {
  const std::string compact = parameters.need("client_assertion", codec::kJwtBytesMax);
  const std::string client_id = parameters.text("client_id", kIdLengthMax);
  if (parameters.problem()) return *parameters.problem();
  Claim out;
  out.token = OIDC_TRY(read_token(compact, Word::invalid_client));
  // One client sends no client_id beside its assertion (duo-api §4.3).
  out.id = OIDC_TRY(claimed_client(out.token.payload));
  if (!client_id.empty() && client_id != out.id.text()) {
    return Problem{Word::invalid_client, "client_id: it is not the iss of the client_assertion."};
  }
  Result<std::optional<Application>> found = flow::find_app(ports, out.id);
  if (!found) return problem_of(found.error());
  out.app = *std::move(found);
  return out;
}

Checked<Shown> conclude(const flow::Ports& ports, const ShownTo& to, const Claim& claim,
                        const Result<bool>& signed_it) {
  Application app = OIDC_TRY(about(claim.id, judge(claim.app, signed_it)));
  Assertion assertion =
      OIDC_TRY(about(claim.id, read_assertion(claim.token.payload, {claim.id, to.path, to.hosts, ports.clock.now()})));
  return Shown{std::move(app), std::move(assertion)};
}

}  // namespace

Checked<Application> client_of(const flow::Ports& ports, const AppId& id, const codec::JwtParts& token) {
  Result<std::optional<Application>> app = flow::find_app(ports, id);
  if (!app) return problem_of(app.error());
  const Result<bool> signed_it =
      ports.keys.verify_signature(known(*app), crypto::HashKind::sha512, {token.signing_input}, token.signature);
  return judge(*std::move(app), signed_it);
}

net::Reply authenticate(const flow::Ports& ports, const ShownTo& to, Parameters& parameters,
                        std::function<net::Reply(Checked<Shown>)> then) {
  Checked<Claim> read = read_claim(ports, parameters);
  if (auto* problem = std::get_if<Problem>(&read)) return then(std::move(*problem));
  // Shared: a std::function must be copyable.
  auto claim = std::make_shared<const Claim>(std::get<Claim>(std::move(read)));
  return net::Committing{[&ports, to, claim, then = std::move(then)](std::function<void(net::Reply)> done) {
    ports.keys.verify_signature_soon(
        known(claim->app), crypto::HashKind::sha512, {claim->token.signing_input}, claim->token.signature,
        [&ports, to, claim, then, done = std::move(done)](const Result<bool>& signed_it) {
          done(net::Rest{
              [&ports, to, claim, then, signed_it] { return then(conclude(ports, to, *claim, signed_it)); }});
        });
  }};
}

}  // namespace countersign::oidc
