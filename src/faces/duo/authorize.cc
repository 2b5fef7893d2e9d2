#include "faces/duo/authorize.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/codec/http_date.h"
#include "flow/find_app.h"

namespace countersign::duo {
namespace {

// X-Duo-Date wins over Date, which proxies and browsers rewrite (duo-api §1.1).
std::string_view signed_date(const net::HttpRequest& request) {
  const std::string_view ours = request.header("x-duo-date");
  return ours.empty() ? request.header("date") : ours;
}

enum class Body { none, form, json, other };

// The media type alone decides, whatever parameters follow it.
Body body_of(const net::HttpRequest& request) {
  std::string_view type = request.header("content-type");
  type = type.substr(0, type.find_first_of("; \t"));
  const auto is = [&](std::string_view lower) {
    return std::equal(type.begin(), type.end(), lower.begin(), lower.end(), [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
  };
  if (is("application/json")) return Body::json;
  if (request.body.empty()) return Body::none;
  return is("application/x-www-form-urlencoded") ? Body::form : Body::other;
}

// One reading of the request: which version, and what it takes as parameters.
struct Reading {
  SignatureVersion version;
  SignedParameters parameters;
};

// What the signature may be, likeliest first. v4 and v5 never with SHA-1; a form is never signed by them.
std::vector<Reading> readings(const net::HttpRequest& request, crypto::HashKind hash, bool dated) {
  const Body body = body_of(request);
  const bool get = request.method == "GET";
  const SignedParameters of_form =
      get || request.body.empty() ? SignedParameters::query : SignedParameters::form_body;
  if (!dated) {
    if (!get && (body == Body::other || (body == Body::json && !request.body.empty()))) return {};
    return {{SignatureVersion::v1, of_form}};
  }
  const Reading v2{SignatureVersion::v2, of_form};
  const Reading v4{SignatureVersion::v4, SignedParameters::query_and_json_body};
  const Reading v5{SignatureVersion::v5, SignedParameters::query_and_json_body};
  const bool sha1 = hash == crypto::HashKind::sha1;
  if (get || request.body.empty()) {
    if (sha1) return {v2};
    return body == Body::json ? std::vector{v5, v4, v2} : std::vector{v2, v5, v4};
  }
  switch (body) {
    case Body::json: return sha1 ? std::vector<Reading>{} : std::vector{v5, v4};
    case Body::form: return {v2};
    case Body::none:
    case Body::other: return {};
  }
  return {};
}

Failure invalid_signature(std::string detail) { return {Code::invalid_signature, std::move(detail)}; }

}  // namespace

Authorizer::Authorizer(const flow::Ports& ports, std::vector<std::string> host_names)
    : ports_(ports), host_names_(std::move(host_names)) {}

bool Authorizer::knows_host(std::string_view host) const {
  return std::find(host_names_.begin(), host_names_.end(), host_name(host)) != host_names_.end();
}

// A request whose signature is being asked about. It stays until its reply has been sent.
struct Authorizer::Inquiry {
  const net::HttpRequest& request;
  Credentials credentials;
  std::optional<Application> app;
  Match likeliest{};

  const Application* known() const { return app && app->enabled ? &*app : nullptr; }
};

net::Reply Authorizer::authorize(const net::HttpRequest& request, Then then) const {
  const std::string_view header = request.header("authorization");
  if (header.empty()) return then(Failure{Code::missing_credentials, "The request has no Authorization header."});
  Result<Credentials> credentials = read_authorization(header);
  if (!credentials) {
    return then(Failure{Code::missing_credentials,
                        "Authorization must be: Basic base64(integration key, a colon, the signature in hex)."});
  }
  const Result<AppId> id = AppId::parse(credentials->ikey);
  if (!id) return then(failure_of(id.error()));
  Result<std::optional<Application>> app = flow::find_app(ports_, *id);
  if (!app) return then(failure_of(app.error()));
  // Shared: a std::function must be copyable.
  auto inquiry = std::make_shared<Inquiry>(Inquiry{request, *std::move(credentials), *std::move(app)});
  std::vector<std::string> texts;
  const auto likeliest = find_match(*inquiry, [&texts](std::vector<std::string> first) {
    texts = std::move(first);
    return true;
  });
  if (std::holds_alternative<Failure>(likeliest)) return then(conclude(*inquiry, likeliest));
  inquiry->likeliest = std::get<Match>(likeliest);
  return net::Committing{[this, inquiry, texts = std::move(texts),
                          then = std::move(then)](std::function<void(net::Reply)> done) {
    // For an unknown key a signature is computed all the same, so that the time taken tells nothing.
    ports_.keys.verify_signature_soon(
        inquiry->known(), inquiry->credentials.hash, {texts.begin(), texts.end()}, inquiry->credentials.mac,
        [this, inquiry, then, done = std::move(done)](const Result<bool>& right) {
          done(net::Rest{[this, inquiry, then, right] { return then(conclude(*inquiry, go_on(*inquiry, right))); }});
        });
  }};
}

std::variant<Authorizer::Match, Failure> Authorizer::go_on(const Inquiry& inquiry, const Result<bool>& right) const {
  if (!right) return failure_of(right.error());
  if (*right) return inquiry.likeliest;
  if (!inquiry.known()) return mismatch(inquiry.request, nullptr);
  bool first = true;
  return find_match(inquiry, [&](const std::vector<std::string>& texts) -> Result<bool> {
    if (std::exchange(first, false)) return false;
    return ports_.keys.verify_signature(inquiry.known(), inquiry.credentials.hash, {texts.begin(), texts.end()},
                                        inquiry.credentials.mac);
  });
}

std::variant<Caller, Failure> Authorizer::conclude(Inquiry& inquiry, const std::variant<Match, Failure>& match) const {
  if (!inquiry.known()) {
    return Failure{Code::unknown_integration, inquiry.app ? "This application is disabled."
                                                          : "No application of this server has this integration key."};
  }
  if (const auto* failure = std::get_if<Failure>(&match)) return *failure;
  const Match& matched = std::get<Match>(match);
  if (auto failure = objection(inquiry.request, inquiry.credentials, *inquiry.app, matched.version)) {
    return *std::move(failure);
  }
  return Caller{*std::move(inquiry.app), matched.version, matched.parameters, inquiry.credentials.mac};
}

std::variant<Authorizer::Match, Failure> Authorizer::find_match(const Inquiry& inquiry, const IsRight& is_right) const {
  const net::HttpRequest& request = inquiry.request;
  if (!knows_host(request.host)) {
    return invalid_signature("The host name of this request is not one that this server is configured with.");
  }
  const std::string_view date = signed_date(request);
  SignedLines lines;
  lines.date = date;
  lines.method = request.method;
  lines.path = request.path;
  const std::vector<std::string> hosts = host_lines(request.host);
  std::string body, headers;
  for (const Reading& reading : readings(request, inquiry.credentials.hash, !date.empty())) {
    const bool from_body = reading.parameters == SignedParameters::form_body;
    const auto parameters = CanonicalParameters::of(from_body ? request.body : request.query);
    if (!parameters) return Failure{Code::invalid_parameters, parameters.error().what};
    if (reading.parameters == SignedParameters::query_and_json_body && body.empty()) {
      body = body_line(request.body);
      headers = header_line(request.headers);
      lines.body = body;
      lines.headers = headers;
    }
    std::vector<std::string> orders = {parameters->by_key_then_value()};
    for (std::size_t i = 0; i < orders.size(); ++i) {
      lines.parameters = orders[i];
      std::vector<std::string> texts;
      for (const std::string& host : hosts) {
        lines.host = host;
        write_canonical(reading.version, lines, texts.emplace_back());
      }
      const Result<bool> right = is_right(std::move(texts));
      if (!right) return failure_of(right.error());
      if (*right) return Match{reading.version, reading.parameters};
      if (i > 0) continue;
      for (std::string& other : parameters->other_orders()) orders.push_back(std::move(other));
    }
  }
  return mismatch(request, inquiry.known());
}

Failure Authorizer::mismatch(const net::HttpRequest& request, const Application* app) const {
  const Body body = body_of(request);
  if (request.method != "GET" && !request.body.empty() && (body == Body::other || body == Body::none)) {
    return invalid_signature(
        "Content-Type must be application/x-www-form-urlencoded (signature versions 1 and 2) or application/json "
        "(versions 4 and 5).");
  }
  if (signed_date(request).empty() && app && !app->signatures.allow_v1) {
    return Failure{Code::missing_timestamp,
                   "The request has neither a Date nor an X-Duo-Date header; signature version 1, which needs none, is "
                   "off for this application."};
  }
  return invalid_signature("Check the secret key, the host name the client signs, and that no proxy changes requests.");
}

std::optional<Failure> Authorizer::objection(const net::HttpRequest& request, const Credentials& credentials,
                                             const Application& app, SignatureVersion version) const {
  if (version == SignatureVersion::v1) {
    if (!app.signatures.allow_v1) {
      return invalid_signature(
          "Signature version 1 is off for this application: it carries no date and can be replayed. Use a newer "
          "client, or allow it with --allow-signature-v1.");
    }
  } else {
    if (credentials.hash == crypto::HashKind::sha1 && !app.signatures.allow_sha1) {
      return invalid_signature(
          "Signature version 2 with SHA-1 is off for this application. Use a client that signs with SHA-512.");
    }
    const Instant now = ports_.clock.now();
    const Result<Instant> date = codec::parse_http_date(signed_date(request));
    if (!date) {
      return Failure{Code::bad_timestamp, fmt::format("The date of the request is not of the form \"{}\".",
                                                      codec::http_date(now))};
    }
    const milliseconds skew = *date - now;
    if (std::chrono::abs(skew) > kSkewMax) {
      return Failure{Code::bad_timestamp,
                     fmt::format("The client's clock is {} seconds {} ours, which says {}; {} are allowed.",
                                 std::chrono::ceil<seconds>(std::chrono::abs(skew)).count(),
                                 skew.count() < 0 ? "behind" : "ahead of",
                                 codec::http_date(now), kSkewMax.count())};
    }
  }
  if (!may_authenticate(app.type)) {
    return Failure{Code::forbidden,
                   fmt::format("Wrong integration type for this API. This application is of type {}; signing in takes "
                               "authapi, unix, websdk, radius, ldapproxy or partner.",
                               name(app.type))};
  }
  return std::nullopt;
}

}  // namespace countersign::duo
