#include "faces/oidc/request.h"

#include <utility>

#include "core/identity/user.h"
#include "faces/oidc/return_address.h"

namespace countersign::oidc {
namespace {

constexpr std::string_view kAuthorizePath = "/oauth/v1/authorize";

// A space-separated list (RFC 6749 §3.3) that holds a word.
bool holds(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t end = list.find(' ');
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(end == list.npos ? list.size() : end + 1);
  }
  return false;
}

// The signed value; where there is none, the one beside it. Wrong: both, and different (OpenID Connect Core §6.1).
std::string settled(ClaimReader& in, std::string_view claim, std::string signed_value, const std::string& outside) {
  if (signed_value.empty()) return outside;
  if (!outside.empty() && outside != signed_value) {
    in.fail(std::string(claim) + ": it is one thing in the request and another beside it.");
  }
  return signed_value;
}

std::string read_nonce(ClaimReader& in, const std::string& outside) {
  std::string nonce = settled(in, "nonce", in.text("nonce", kNonceLength), outside);
  if (!nonce.empty() && (nonce.size() < kNonceLength.least || nonce.size() > kNonceLength.most)) {
    in.fail("nonce: its length must be from 16 to 1024.");
  }
  for (char c : nonce) {
    if (c < 0x20 || c > 0x7e) in.fail("nonce: it must be printable ASCII.");
  }
  return nonce;
}

Problem objection(const ClaimReader& in) { return {Word::invalid_request_object, in.cause()}; }

// What may be asked for, each with a word of its own.
std::optional<Problem> unsupported(ClaimReader& in, const Outside& outside) {
  const std::string type =
      settled(in, "response_type", in.text("response_type", {0, kParameterMax}), outside.response_type);
  const std::string scope = settled(in, "scope", in.text("scope", {0, kParameterMax}), outside.scope);
  const std::string prompt = in.text("prompt", {0, kParameterMax});
  if (!in.good()) return objection(in);
  if (type != "code") return Problem{Word::unsupported_response_type, "response_type: it must be code."};
  if (!holds(scope, "openid")) return Problem{Word::invalid_scope, "scope: it must hold openid."};
  if (holds(prompt, "none")) {
    return Problem{Word::login_required, "prompt: a second factor cannot be asked for silently."};
  }
  return std::nullopt;
}

}  // namespace

std::variant<SignInRequest, Refusal> read_request(const codec::Json& claims, const Outside& outside,
                                                  const RequestContext& at) {
  ClaimReader in(claims);
  SignInRequest out;
  // First where to go back to; until that is settled a refusal is a page.
  out.back.uri = in.need_unicode("redirect_uri", {1, kRedirectUriMax});
  if (in.good()) {
    if (const auto good = allow_redirect_uri(out.back.uri, at.app); !good) in.fail(good.error().what);
  }
  out.back.state = settled(in, "state", in.need("state", kStateLength), outside.state);
  if (!in.good()) return Refusal{objection(in), {}, {}};
  const auto refused = [&](Problem problem) { return Refusal{std::move(problem), out.back.uri, out.back.state}; };

  in.same("client_id", at.app.id.text());
  in.same("iss", at.app.id.text());
  out.back.issuer = in.audience(at.hosts, kAuthorizePath).value_or(std::string(at.host));
  in.good_until(at.now);
  if (!in.good()) return refused(objection(in));
  if (auto problem = unsupported(in, outside)) return refused(*std::move(problem));
  out.username = in.need_unicode("duo_uname", {1, kUsernameMax});
  if (in.good() && !canonical_username(out.username)) in.fail("duo_uname: no user can have this name.");
  out.back.nonce = read_nonce(in, outside.nonce);
  out.back.code_name = in.flag("use_duo_code_attribute") == ClaimReader::Flag::on ? "duo_code" : "code";
  if (!in.good()) return refused(objection(in));
  return out;
}

}  // namespace countersign::oidc
