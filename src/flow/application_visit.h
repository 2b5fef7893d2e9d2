// What an application asks for (faces/oidc): a visit to the prompt, and later what its code stands for.
#pragma once

#include <string>

#include "core/identity/application.h"
#include "core/signin/visit.h"
#include "flow/ports.h"

namespace countersign::flow {

struct VisitRequest {
  Application app;
  std::string username;  // byte for byte
  signin::ReturnTo back;
};
// A visit waits for its browser.   malformed: a name that no user can have.
void begin_visit(const Ports& ports, VisitRequest request, Done<VisitId> done);

// A token of the application (jti) that counts once, until `expires`.   refused: it was spent.
struct ClientToken {
  std::string jti;
  Instant expires{};
};
void spend_client_token(const Ports& ports, const Application& app, ClientToken token, Done<bool> done);

struct CodeRequest {
  Application app;
  std::string code;
  std::string return_uri;
  ClientToken client_token;  // spent in the same transaction
};
struct Redeemed {
  signin::Visit visit;      // username, nonce, issuer, ended: what the token says
  record::AuthEvent event;  // what happened
};
// refused: no such code of this application, used, too old, for another redirect_uri, or the client token was spent;
// the error's text says which, for an application that has authenticated itself.
void redeem_code(const Ports& ports, CodeRequest request, Done<Redeemed> done);

}  // namespace countersign::flow
