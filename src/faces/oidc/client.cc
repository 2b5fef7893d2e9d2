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

Checked<Application> client_of(const flow::Ports& ports, const AppId& id, const codec::JwtParts& token) {
  Result<std::optional<Application>> found = flow::find_app(ports, id);
  if (!found) return problem_of(found.error());
  std::optional<Application>& app = *found;
  const bool known = app && app->enabled;
  const Result<bool> good = ports.keys.verify_signature(known ? &*app : nullptr, crypto::HashKind::sha512,
                                                        {token.signing_input}, token.signature);
  if (!good) return problem_of(good.error());
  if (!known) {
    return Problem{Word::invalid_client, app ? "client_id: this application is disabled."
                                             : "client_id: no application of this server has it."};
  }
  if (!*good) return Problem{Word::invalid_client, "The signature is not right; check the client_secret."};
  if (!may_call(app->type)) {
    return Problem{Word::unauthorized_client,
                   fmt::format("This application is of type {}; this API takes websdk and partner.", name(app->type))};
  }
  return *std::move(app);
}

Checked<Shown> authenticate(const flow::Ports& ports, const HostNames& hosts, Parameters& parameters,
                            std::string_view path) {
  const std::string compact = parameters.need("client_assertion", codec::kJwtBytesMax);
  const std::string client_id = parameters.text("client_id", kIdLengthMax);
  if (parameters.problem()) return *parameters.problem();
  const codec::JwtParts token = OIDC_TRY(read_token(compact, Word::invalid_client));
  // One client sends no client_id beside its assertion (duo-api §4.3).
  AppId id = OIDC_TRY(claimed_client(token.payload));
  if (!client_id.empty() && client_id != id.text()) {
    return Problem{Word::invalid_client, "client_id: it is not the iss of the client_assertion."};
  }
  Application app = OIDC_TRY(about(id, client_of(ports, id, token)));
  Assertion assertion = OIDC_TRY(about(id, read_assertion(token.payload, {id, path, hosts, ports.clock.now()})));
  return Shown{std::move(app), std::move(assertion)};
}

}  // namespace countersign::oidc
