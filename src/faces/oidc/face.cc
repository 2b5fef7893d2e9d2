#include "faces/oidc/face.h"

#include <utility>

#include "core/base/id.h"
#include "faces/oidc/client.h"
#include "faces/oidc/error.h"
#include "web/choice.h"

namespace countersign::oidc {
namespace {

constexpr std::string_view kOurs = "/oauth/v1/";
constexpr std::size_t kReferenceLength = 8;
constexpr const char* kPostOnly = "Use POST here.";

}  // namespace

OidcFace::OidcFace(const flow::Ports& ports, oplog::Log& log, Options options)
    : ports_(ports),
      log_(log),
      hosts_(std::move(options.host_names)),
      prompt_path_(std::move(options.prompt_path)) {}

bool OidcFace::serves(std::string_view path) { return path.starts_with(kOurs); }

net::Reply OidcFace::handle(const net::HttpRequest& request) {
  const bool get = request.method == "GET", post = request.method == "POST";
  if (request.path == kAuthorizePath) {
    if (get || post) return authorize(request);
    return wrong_method(page({Word::invalid_request, "Use GET or POST here."}, request), "GET, POST");
  }
  if (request.path == kTokenPath) {
    if (post) return token(request);
    const Problem problem{Word::invalid_request, kPostOnly};
    return wrong_method(token_error(problem, note(problem, kTokenPath)), "POST");
  }
  if (request.path == kHealthCheckPath) {
    if (post) return health_check(request);
    const Problem problem{Word::invalid_request, kPostOnly};
    return wrong_method(health_failure(problem, note(problem, kHealthCheckPath), ports_.clock.now()), "POST");
  }
  const Problem problem{Word::invalid_request, "There is nothing at this path."};
  net::HttpResponse out = token_error(problem, note(problem, "/oauth/v1/"));
  out.status = 404;
  return out;
}

Checked<bool> OidcFace::check_host(const net::HttpRequest& request) const {
  if (hosts_.know(request.host)) return true;
  return Problem{Word::invalid_request,
                 "The host name of this request is not one that this server is configured with."};
}

std::string OidcFace::note(const Problem& problem, std::string_view route) {
  std::string reference = random_text(ports_.random, kReferenceLength, kIdAlphabet);
  const std::string detail = std::string(name(problem.word)) + ": " + problem.cause;
  log_.warn("oidc.refused", oplog::field(record::route, route), oplog::field(record::reference, reference),
            oplog::field(record::app_id, problem.app), oplog::field(record::detail, detail));
  return reference;
}

net::HttpResponse OidcFace::page(const Problem& problem, const net::HttpRequest& request) {
  return error_page(note(problem, kAuthorizePath), problem, web::language_of(request));
}

}  // namespace countersign::oidc
