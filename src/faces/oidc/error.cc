#include "faces/oidc/error.h"

#include <fmt/format.h>

#include <cstdlib>

#include "core/codec/json_write.h"
#include "faces/oidc/return_address.h"
#include "web/page.h"

namespace countersign::oidc {
namespace {

// duo-api §2.2.
int duo_code(Word word) {
  switch (status(word)) {
    case 500: return 50001;
    case 503: return 50301;
    default: return word == Word::unauthorized_client ? 40301 : 40002;
  }
}

std::string described(const Problem& problem, std::string_view reference) {
  return fmt::format("{} (reference {})", problem.cause, reference);
}

void retry_later(net::HttpResponse& out) {
  if (out.status == 503) out.headers.push_back({"retry-after", "1"});
}

}  // namespace

int status(Word word) {
  switch (word) {
    case Word::temporarily_unavailable: return 503;
    case Word::server_error: return 500;
    case Word::invalid_request:
    case Word::invalid_client:
    case Word::invalid_grant:
    case Word::unauthorized_client:
    case Word::unsupported_grant_type:
    case Word::unsupported_response_type:
    case Word::invalid_scope:
    case Word::invalid_request_object:
    case Word::request_uri_not_supported:
    case Word::login_required: return 400;
  }
  std::abort();
}

net::HttpResponse json(int status, std::string body) {
  net::HttpResponse out;
  out.status = status;
  out.content_type = "application/json";
  out.body = std::move(body);
  //= rfc6749#5.1 "The authorization server MUST include the HTTP "Cache-Control" response header field [RFC2616] with a
  //= value of "no-store" in any response containing tokens, credentials, or other sensitive information, as well as the
  //= "Pragma" response header field [RFC2616] with a value of "no-cache"."
  out.headers = {{"cache-control", "no-store"}, {"pragma", "no-cache"}, {"x-content-type-options", "nosniff"}};
  return out;
}

net::HttpResponse token_error(const Problem& problem, std::string_view reference) {
  codec::JsonWriter w;
  w.begin_object();
  w.key("error").string(name(problem.word));
  w.key("error_description").string(described(problem, reference));
  w.end_object();
  net::HttpResponse out = json(status(problem.word), w.take());
  retry_later(out);
  return out;
}

net::HttpResponse health_failure(const Problem& problem, std::string_view reference, Instant now) {
  codec::JsonWriter w;
  w.begin_object();
  w.key("stat").string("FAIL");
  w.key("code").integer(duo_code(problem.word));
  w.key("timestamp").integer(unix_s(now));
  w.key("message").string(name(problem.word));
  w.key("message_detail").string(described(problem, reference));
  w.end_object();
  net::HttpResponse out = json(status(problem.word), w.take());
  retry_later(out);
  return out;
}

net::HttpResponse error_page(std::string_view reference, const Problem& problem, std::string_view language) {
  return web::problem_page(language, problem.cause, reference, status(problem.word));
}

net::HttpResponse back_with_error(const WayBack& back, const Problem& problem, std::string_view reference) {
  return web::see_other(with_parameters(back.uri, {{"error", std::string(name(problem.word))},
                                              {"error_description", described(problem, reference)},
                                              {"state", back.state}}));
}

net::HttpResponse wrong_method(net::HttpResponse with, std::string_view allowed) {
  with.status = 405;
  with.headers.push_back({"allow", std::string(allowed)});
  return with;
}

}  // namespace countersign::oidc
