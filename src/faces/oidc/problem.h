// What is wrong with a request, in OAuth's words and in a sentence that says what to mend.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/base/id.h"
#include "core/base/result.h"

namespace countersign::oidc {

// RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6.
enum class Word {
  invalid_request,
  invalid_client,
  invalid_grant,
  unauthorized_client,
  unsupported_grant_type,
  unsupported_response_type,
  invalid_scope,
  invalid_request_object,
  request_uri_not_supported,
  login_required,
  temporarily_unavailable,
  server_error,
};
std::string_view name(Word word);

// `cause` is for the integrator and the operator's log: printable ASCII without quotes or backslashes (RFC 6749 §5.2),
// and nothing of what the request held.
struct Problem {
  Word word;
  std::string cause;
  AppId app{};  // whom it is about, as far as anybody said; for the log alone
};

template <class T>
using Checked = std::variant<T, Problem>;

// The same, with a name for the log.
template <class T>
Checked<T> about(const AppId& app, Checked<T> checked) {
  if (auto* problem = std::get_if<Problem>(&checked)) problem->app = app;
  return checked;
}

// What a use case or a port said, where it is not the caller's fault.
Problem problem_of(const Error& error);

}  // namespace countersign::oidc

// The value of a Checked, or return its problem from here.
#define OIDC_TRY(...)                                                                                \
  __extension__({                                                                                    \
    auto try_ = (__VA_ARGS__);                                                                       \
    if (auto* problem_ = std::get_if<countersign::oidc::Problem>(&try_)) return std::move(*problem_); \
    std::get<0>(std::move(try_));                                                                    \
  })
