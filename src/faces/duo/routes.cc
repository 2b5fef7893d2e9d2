#include "faces/duo/routes.h"

#include <utility>
#include <variant>

#include "faces/duo/auth_v2.h"
#include "faces/duo/rest_v1.h"
#include "faces/duo/sign_in.h"

namespace countersign::duo {
namespace {

enum class Signature { none, needed };

struct Route {
  std::string_view path;      // /rest/v1 without the suffix
  std::string_view method;
  Signature signature;
  Endpoint endpoint;
};

constexpr Route kRoutes[] = {
    {"/auth/v2/auth", "POST", Signature::needed, auth_v2::auth},
    {"/auth/v2/preauth", "POST", Signature::needed, auth_v2::preauth},
    {"/auth/v2/auth_status", "GET", Signature::needed, poll},
    {"/auth/v2/ping", "GET", Signature::none, auth_v2::time},
    {"/auth/v2/check", "GET", Signature::needed, auth_v2::time},
    {"/auth/v2/logo", "GET", Signature::needed, auth_v2::logo},
    {"/auth/v2/enroll", "POST", Signature::needed, auth_v2::enroll},
    {"/auth/v2/enroll_status", "POST", Signature::needed, auth_v2::enroll_status},
    {"/auth/v2/bypass_codes", "POST", Signature::needed, auth_v2::bypass_codes},
    {"/rest/v1/auth", "POST", Signature::needed, rest_v1::auth},
    {"/rest/v1/preauth", "POST", Signature::needed, rest_v1::preauth},
    {"/rest/v1/status", "GET", Signature::needed, poll},
    {"/rest/v1/ping", "GET", Signature::none, rest_v1::ping},
    {"/rest/v1/check", "GET", Signature::needed, rest_v1::check},
    {"/rest/v1/logo", "GET", Signature::needed, auth_v2::logo},
};

constexpr std::string_view kAuthV2 = "/auth/v2/", kRestV1 = "/rest/v1/";

struct Address {
  std::string_view path;  // without the suffix
  Dialect dialect;
};

Address address_of(std::string_view path) {
  if (!path.starts_with(kRestV1)) return {path, {Api::auth_v2, Format::json}};
  const std::pair<std::string_view, Format> suffixes[] = {{".json", Format::json}, {".bson", Format::bson}};
  for (const auto& [suffix, format] : suffixes) {
    if (path.ends_with(suffix)) return {path.substr(0, path.size() - suffix.size()), {Api::rest_v1, format}};
  }
  return {path, {Api::rest_v1, Format::json}};
}

// Only what the signature covers becomes a parameter.
Result<Parameters> parameters_of(const net::HttpRequest& request, SignedParameters where) {
  Parameters out;
  switch (where) {
    case SignedParameters::query: TRY(out.add_form(request.query)); break;
    case SignedParameters::form_body: TRY(out.add_form(request.body)); break;
    case SignedParameters::query_and_json_body:
      TRY(out.add_form(request.query));
      if (!request.body.empty()) TRY(out.add_json(request.body));
      break;
  }
  return out;
}

std::vector<std::string> with_loopback(std::vector<std::string> names) {
  for (std::string_view own : {"localhost", "127.0.0.1", "::1"}) names.emplace_back(own);
  return names;
}

}  // namespace

DuoFace::DuoFace(const flow::Ports& ports, Options options)
    : ports_(ports), authorizer_(ports, with_loopback(std::move(options.host_names))), replays_(ports) {}

bool DuoFace::serves(std::string_view path) { return path.starts_with(kAuthV2) || path.starts_with(kRestV1); }

net::Reply DuoFace::handle(const net::HttpRequest& request) {
  const Address address = address_of(request.path);
  const Dialect dialect = address.dialect;
  const Route* route = nullptr;
  for (const Route& r : kRoutes) {
    if (r.path == address.path) route = &r;
  }
  if (!route) return dialect.failed({Code::not_found, "There is nothing at this path."});
  if (request.method != route->method) {
    net::HttpResponse out = dialect.failed({Code::wrong_method, "Use " + std::string(route->method) + " here."});
    out.headers.push_back({"Allow", std::string(route->method)});
    return out;
  }
  if (route->signature == Signature::none) {
    Call call{ports_, reported_, {}, {}, dialect};
    return route->endpoint(call);
  }
  return authorizer_.authorize(
      request, [this, &request, endpoint = route->endpoint, dialect](std::variant<Caller, Failure> who) -> net::Reply {
        if (auto* failure = std::get_if<Failure>(&who)) return refuse(request, dialect, *failure);
        return serve(request, endpoint, dialect, std::get<Caller>(std::move(who)));
      });
}

net::Reply DuoFace::refuse(const net::HttpRequest& request, const Dialect& dialect, const Failure& failure) {
  const bool bad = failure.code == Code::invalid_signature || failure.code == Code::unknown_integration;
  const int too_many_s = bad ? sources_.count_bad(request.peer, ports_.clock.now()) : 0;
  if (too_many_s == 0) return dialect.failed(failure);
  return dialect.failed({Code::too_many_requests, "Too many bad signatures from this address.", too_many_s});
}

net::Reply DuoFace::serve(const net::HttpRequest& request, Endpoint endpoint, const Dialect& dialect, Caller caller) {
  Result<Parameters> parameters = parameters_of(request, caller.parameters);
  if (!parameters) return dialect.failed({Code::invalid_parameters, parameters.error().what});
  const AppId app = caller.app.id;
  // Shared: a std::function must be copyable.
  auto call = std::make_shared<Call>(
      Call{ports_, reported_, std::move(caller.app), *std::move(parameters), dialect});
  // v1 has no date: the same bytes are rightly sent again. GET changes nothing.
  if (caller.version == SignatureVersion::v1 || request.method == "GET") return endpoint(*call);
  return replays_.once(app, caller.mac, [call, endpoint] { return endpoint(*call); });
}

}  // namespace countersign::duo
