#include "faces/oidc/id_token.h"

#include "core/codec/json_write.h"

namespace countersign::oidc {

std::string id_token_claims(const flow::Redeemed& sign_in, std::string_view issuer, Instant now) {
  const signin::Visit& visit = sign_in.visit;
  codec::JsonWriter w;
  w.begin_object();
  w.key("iss").string(issuer);
  w.key("sub").string(visit.username);
  w.key("aud").string(visit.app.text());  // a single string: one client fails on a list
  w.key("exp").integer(unix_s(now + kTokenLifetime));
  w.key("iat").integer(unix_s(now));
  w.key("auth_time").integer(unix_s(visit.ended));
  w.key("preferred_username").string(visit.username);
  if (!visit.back.nonce.empty()) w.key("nonce").string(visit.back.nonce);
  w.key("auth_result").begin_object();
  w.key("result").string("allow").key("status").string("allow").key("status_msg").string("Login Successful");
  w.end_object();
  w.key("auth_context").raw(record::to_log_json(sign_in.event));
  w.end_object();
  return w.take();
}

}  // namespace countersign::oidc
