// The Duo face: Auth API v2 and its forerunner, as one handler. docs/protocols/duo.md says what is spoken.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "faces/duo/authorize.h"
#include "faces/duo/call.h"
#include "faces/duo/replay.h"
#include "faces/duo/sources.h"

namespace countersign::duo {

struct Options {
  // Names under which clients reach this server beside localhost, 127.0.0.1 and ::1; lower case, without port.
  std::vector<std::string> host_names;
};

// Thread-safe. `ports` must outlive it, and it must outlive every reply it gave.
class DuoFace {
 public:
  DuoFace(const flow::Ports& ports, Options options);

  net::Reply handle(const net::HttpRequest& request);

  // Whether a path belongs to this face: /auth/v2/…, /rest/v1/….
  static bool serves(std::string_view path);

 private:
  net::Reply refuse(const net::HttpRequest& request, const Dialect& dialect, const Failure& failure);
  net::Reply serve(const net::HttpRequest& request, Endpoint endpoint, const Dialect& dialect, Caller caller);

  const flow::Ports& ports_;
  Authorizer authorizer_;
  Replays replays_;
  Reported reported_;
  Sources sources_;
};

}  // namespace countersign::duo
