// Who is calling? The checks of duo-api §9 in their order: Authorization present, integration key, signature, date,
// type of the application.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "faces/duo/authorization.h"
#include "faces/duo/canonical.h"
#include "faces/duo/envelope.h"
#include "flow/ports.h"
#include "net/http.h"

namespace countersign::duo {

inline constexpr seconds kSkewMax{300};  // duo-api §9: the real limit is unpublished, the clients' own model has this

// Where the parameters stand that the signature covers; nothing else is believed.
enum class SignedParameters { query, form_body, query_and_json_body };

struct Caller {
  Application app;
  SignatureVersion version = SignatureVersion::v2;
  SignedParameters parameters = SignedParameters::query;
  Bytes mac;  // under that application's key: names the request
};

class Authorizer {
 public:
  // `host_names`: in lower case, without port; an IPv6 address without brackets.
  Authorizer(const flow::Ports& ports, std::vector<std::string> host_names);

  // Who signed the request, or the code and the detail to answer with; `then` makes the reply of it.
  using Then = std::function<net::Reply(std::variant<Caller, Failure>)>;
  net::Reply authorize(const net::HttpRequest& request, Then then) const;

 private:
  struct Match {
    SignatureVersion version;
    SignedParameters parameters;
  };
  struct Inquiry;
  using IsRight = std::function<Result<bool>(std::vector<std::string> texts)>;

  bool knows_host(std::string_view host) const;
  // Asks about the texts that the client may have signed, likeliest first, until one is right: those of one reading and
  // order of parameters together, in each spelling of the host.
  std::variant<Match, Failure> find_match(const Inquiry& inquiry, const IsRight& is_right) const;
  // The same once `right` is known of the likeliest texts.
  std::variant<Match, Failure> go_on(const Inquiry& inquiry, const Result<bool>& right) const;
  // Takes the application out of the inquiry: the last step of it.
  std::variant<Caller, Failure> conclude(Inquiry& inquiry, const std::variant<Match, Failure>& match) const;
  Failure mismatch(const net::HttpRequest& request, const Application* app) const;
  // The reason to refuse a request whose signature is right; nullopt: none.
  std::optional<Failure> objection(const net::HttpRequest& request, const Credentials& credentials,
                                   const Application& app, SignatureVersion version) const;

  const flow::Ports& ports_;
  std::vector<std::string> host_names_;
};

}  // namespace countersign::duo
