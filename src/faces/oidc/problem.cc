#include "faces/oidc/problem.h"

#include <cstdlib>

namespace countersign::oidc {

std::string_view name(Word word) {
  switch (word) {
    case Word::invalid_request: return "invalid_request";
    case Word::invalid_client: return "invalid_client";
    case Word::invalid_grant: return "invalid_grant";
    case Word::unauthorized_client: return "unauthorized_client";
    case Word::unsupported_grant_type: return "unsupported_grant_type";
    case Word::unsupported_response_type: return "unsupported_response_type";
    case Word::invalid_scope: return "invalid_scope";
    case Word::invalid_request_object: return "invalid_request_object";
    case Word::request_uri_not_supported: return "request_uri_not_supported";
    case Word::login_required: return "login_required";
    case Word::temporarily_unavailable: return "temporarily_unavailable";
    case Word::server_error: return "server_error";
  }
  std::abort();
}

Problem problem_of(const Error& error) {
  switch (error.code) {
    case Errc::malformed: return {Word::invalid_request, "The request cannot be understood."};
    case Errc::exhausted: return {Word::invalid_request, "The request is too large."};
    case Errc::unavailable:
    case Errc::conflict:
      return {Word::temporarily_unavailable, "The service is busy or its database is away; try again."};
    case Errc::refused:
    case Errc::not_found: return {Word::server_error, "The application's keys could not be used."};
  }
  std::abort();
}

}  // namespace countersign::oidc
