#include "faces/oidc/assertion.h"

#include <utility>

namespace countersign::oidc {

Checked<AppId> claimed_client(const codec::Json& claims) {
  ClaimReader in(claims);
  const Result<AppId> id = AppId::parse(in.need("iss", {1, kIdLengthMax}));
  if (id) return *id;
  in.fail("iss: it must be the client_id.");
  return Problem{Word::invalid_client, "client_assertion: " + in.cause()};
}

Checked<Assertion> read_assertion(const codec::Json& claims, const AssertionContext& at) {
  ClaimReader in(claims);
  Assertion out;
  for (const char* claim : {"iss", "sub"}) {
    in.need(claim, {1, kIdLengthMax});
    in.same(claim, at.app.text());
  }
  const auto host = in.audience(at.hosts, at.path);
  if (!host) in.fail("aud: it is missing.");
  out.host = host.value_or(std::string());
  out.good_until = in.good_until(at.now);
  out.jti = in.need("jti", kJtiLength);
  if (!in.good()) return Problem{Word::invalid_client, "client_assertion: " + in.cause()};
  return out;
}

}  // namespace countersign::oidc
