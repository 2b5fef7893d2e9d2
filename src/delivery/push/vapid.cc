#include "delivery/push/vapid.h"

#include "core/codec/base64.h"
#include "core/codec/json_write.h"
#include "core/codec/jwt.h"

namespace countersign::push {
namespace {

constexpr std::size_t kTokensMax = 256;  // origins; "*.domain" lets subscribers choose among many names

}  // namespace

std::string application_server_key(const crypto::Es256Key& key) {
  return codec::to_base64(codec::Base64::url, key.public_key().point());
}

Vapid::Token Vapid::make(const std::string& origin, Instant now) const {
  codec::JsonWriter claims;
  claims.begin_object().key("aud").string(origin).key("exp").integer(unix_s(now + kTokenLife));
  claims.key("sub").string(contact_).end_object();
  std::string input = codec::jwt_signing_input(codec::JwtAlgorithm::es256, claims.text());
  const Bytes signature = key_.sign(bytes_of(input));
  return {"vapid t=" + codec::jwt(std::move(input), signature) + ", k=" + application_server_key(key_), now};
}

std::string Vapid::authorization(const std::string& origin, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(origin);
  if (found != tokens_.end() && now >= found->second.made && now < found->second.made + kTokenReused) {
    return found->second.header;
  }
  if (tokens_.size() >= kTokensMax) tokens_.clear();
  Token& token = tokens_[origin];
  token = make(origin, now);
  return token.header;
}

}  // namespace countersign::push
