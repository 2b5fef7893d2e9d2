// A small language for tests of the OIDC face: what an application sends, and what a browser does in between.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "core/codec/form.h"
#include "core/codec/jwt.h"
#include "core/crypto/mac.h"
#include "faces/oidc/face.h"
#include "faces/oidc/said_test.h"
#include "flow/visit.h"
#include "oplog/log.h"
#include "testing/reply.h"
#include "testing/small_world.h"

namespace countersign::oidc {

class OidcWorld : public testing::SmallWorld {
 public:
  Application web = add_app(tenant, AppType::websdk);
  oplog::KeptLines lines;
  oplog::Log log{clock, lines};
  OidcFace face{*ports, log, {{"mfa.example.test"}, "/prompt/"}};
  std::string host = "mfa.example.test:8443";
  int tokens_made = 0;

  std::int64_t now() const { return unix_s(clock.now()); }
  static Bytes mac(std::string_view input, std::string_view secret = secret_key) {
    return crypto::hmac(crypto::HashKind::sha512, bytes_of(secret), bytes_of(input));
  }
  static std::string sign(const nlohmann::json& claims, std::string_view secret = secret_key) {
    std::string input = codec::jwt_signing_input(codec::JwtAlgorithm::hs512, claims.dump());
    Bytes signature = mac(input, secret);
    return codec::jwt(std::move(input), signature);
  }

  nlohmann::json request_claims() const {
    return {{"scope", "openid"},
            {"redirect_uri", "https://app.example/cb"},
            {"client_id", web.id.text()},
            {"iss", web.id.text()},
            {"aud", "https://" + host},
            {"exp", now() + 300},
            {"state", "0123456789abcdefghijklmnopqrstuvwxyz"},
            {"response_type", "code"},
            {"duo_uname", "ada"},
            {"nonce", "nonce-nonce-nonce-nonce"},
            {"use_duo_code_attribute", true}};
  }
  nlohmann::json assertion_claims(const std::string& path) {
    std::string jti = "jti-" + std::to_string(++tokens_made);
    jti.resize(36, 'x');
    return {{"iss", web.id.text()},
            {"sub", web.id.text()},
            {"aud", "https://" + host + path},
            {"exp", now() + 300},
            {"jti", jti}};
  }
  codec::Form authorize_form(const nlohmann::json& claims) const {
    return {{"response_type", "code"}, {"client_id", web.id.text()}, {"request", sign(claims)}};
  }
  codec::Form health_form() {
    return {{"client_id", web.id.text()}, {"client_assertion", sign(assertion_claims("/oauth/v1/health_check"))}};
  }
  codec::Form token_form(const std::string& code) {
    return {{"grant_type", "authorization_code"},
            {"code", code},
            {"redirect_uri", "https://app.example/cb"},
            {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
            {"client_assertion", sign(assertion_claims("/oauth/v1/token"))},
            {"client_id", web.id.text()}};
  }

  Said say(net::HttpRequest request) { return say(std::move(request), face); }
  Said say(net::HttpRequest request, OidcFace& to) {
    if (request.host.empty()) request.host = host;
    return {testing::answer_of(to.handle(request))};
  }
  static net::HttpRequest get_request(std::string path, const codec::Form& form) {
    net::HttpRequest out;
    out.method = "GET";
    out.path = std::move(path);
    out.query = codec::write_form(form);
    return out;
  }
  static net::HttpRequest post_request(std::string path, const codec::Form& form) {
    net::HttpRequest out;
    out.method = "POST";
    out.path = std::move(path);
    out.body = codec::write_form(form);
    out.headers.push_back({"content-type", "application/x-www-form-urlencoded"});
    return out;
  }
  Said authorize(const nlohmann::json& claims) {
    return say(get_request("/oauth/v1/authorize", authorize_form(claims)));
  }
  Said token(const codec::Form& form) { return say(post_request("/oauth/v1/token", form)); }
  Said health(const codec::Form& form) { return say(post_request("/oauth/v1/health_check", form)); }

  // What the browser does at the prompt: opens the visit, types a code, and is sent back. Returns where to.
  std::string sign_in_at(const std::string& prompt, const std::string& passcode) {
    const VisitId visit = *VisitId::parse(prompt.substr(std::string("/prompt/").size()));
    const auto view = [](auto call) { return testing::finish<flow::View>(call); };
    const auto opened = view([&](flow::Done<flow::View> done) {
      flow::look_at_visit(*ports, {visit, Secret(), "192.0.2.9", "test"}, std::move(done));
    });
    if (!opened) return "(" + opened.error().what + ")";
    const auto typed = view([&](flow::Done<flow::View> done) {
      flow::visit_passcode(*ports, {visit, Secret(std::string_view(opened->set_cookie)), "192.0.2.9", "test"},
                           Secret(std::string_view(passcode)), signin::Remember::no, std::move(done));
    });
    if (!typed) return "(" + typed.error().what + ")";
    const auto* back = std::get_if<flow::GoBack>(&typed->shows);
    return back ? back->url : "(no way back)";
  }
};

}  // namespace countersign::oidc
