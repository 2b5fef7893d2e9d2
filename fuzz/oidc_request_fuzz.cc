// links: faces_oidc
// The claims of a request or an assertion: what is taken is within its limits and leads nowhere it may not; what is
// refused is refused in words that may stand in an answer (RFC 6749 §5.2).
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.h"
#include "core/identity/user.h"
#include "faces/oidc/assertion.h"
#include "faces/oidc/request.h"

using namespace countersign;

namespace {

void check_words(const oidc::Problem& problem) {
  if (problem.cause.empty()) std::abort();
  for (char c : problem.cause) {
    if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') std::abort();
  }
}

void check_back(const std::string& uri, const std::string& state) {
  if (!check_redirect_uri(uri)) std::abort();
  if (state.size() < oidc::kStateLength.least || state.size() > oidc::kStateLength.most) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto claims = codec::parse_json(text_of(ByteView(bytes, size)), codec::kJwtBytesMax);
  if (!claims) return 0;
  const oidc::HostNames hosts({"mfa.example.test"});
  const Instant now = from_unix_s(1'700'000'000);
  Application app;
  app.id = AppId::trusted("DIXXXXXXXXXXXXXXXXXX");

  const auto request = oidc::read_request(*claims, {}, {app, hosts, "localhost:8443", now});
  if (const auto* good = std::get_if<oidc::SignInRequest>(&request)) {
    check_back(good->back.uri, good->back.state);
    if (!canonical_username(good->username) || good->back.nonce.size() > oidc::kNonceLength.most) std::abort();
    if (!hosts.know(good->back.issuer)) std::abort();
  } else {
    const auto& refusal = std::get<oidc::Refusal>(request);
    check_words(refusal.problem);
    if (!refusal.uri.empty()) check_back(refusal.uri, refusal.state);
  }

  const auto assertion = oidc::read_assertion(*claims, {app.id, "/oauth/v1/token", hosts, now});
  if (const auto* good = std::get_if<oidc::Assertion>(&assertion)) {
    if (good->jti.size() > oidc::kJtiLength.most || !hosts.know(good->host)) std::abort();
    if (good->good_until <= now || good->good_until > now + oidc::kLifetimeMax + 2 * oidc::kLeeway) std::abort();
  } else {
    check_words(std::get<oidc::Problem>(assertion));
  }
  return 0;
}
