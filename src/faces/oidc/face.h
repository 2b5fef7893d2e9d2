// The OIDC Auth API of the Universal Prompt clients. docs/protocols/oidc.md says what is spoken.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "faces/oidc/hosts.h"
#include "faces/oidc/problem.h"
#include "flow/ports.h"
#include "net/http.h"
#include "oplog/log.h"

namespace countersign::oidc {

struct Exchange;
struct Shown;

struct Options {
  // Names under which clients reach this server beside localhost, 127.0.0.1 and ::1; lower case, without port.
  std::vector<std::string> host_names;
  // Where a visit opens: this and its id.
  std::string prompt_path = "/prompt/";
};

// Thread-safe. `ports` and `log` must outlive it, and it must outlive every reply it gave.
class OidcFace {
 public:
  OidcFace(const flow::Ports& ports, oplog::Log& log, Options options);

  net::Reply handle(const net::HttpRequest& request);

  // Whether a path belongs to this face: /oauth/v1/….
  static bool serves(std::string_view path);

 private:
  net::Reply authorize(const net::HttpRequest& request);
  net::Reply token(const net::HttpRequest& request);
  net::Reply exchange(Exchange asked);
  net::Reply health_check(const net::HttpRequest& request);
  net::Reply healthy(Checked<Shown> who);

  // The host name of the request is ours.
  Checked<bool> check_host(const net::HttpRequest& request) const;

  // One line of the operator's log for each refusal. Returns its number, for whoever was refused to quote.
  std::string note(const Problem& problem, std::string_view route);
  net::HttpResponse page(const Problem& problem, const net::HttpRequest& request);

  const flow::Ports& ports_;
  oplog::Log& log_;
  HostNames hosts_;
  std::string prompt_path_;
};

}  // namespace countersign::oidc
