// The device's side of docs/protocols/device.md, for one account.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/factor/push.h"
#include "flow/push.h"
#include "net/http_client.h"
#include "server/authenticator_link.h"
#include "server/authenticator_store.h"

namespace countersign::server {

// A connection to one server. The real one is a net::HttpClient; tests put the face itself behind it.
class DeviceWire {
 public:
  virtual ~DeviceWire() = default;
  virtual Result<net::HttpResponse> send(const net::ClientRequest& request) = 0;
  virtual Result<net::HttpResponse> stream(const net::ClientRequest& request,
                                           const std::function<bool(std::string_view)>& take) = 0;
};

// A wire to `server` ("https://host[:port]"); `ca_file` empty: the system's roots.
using Connect = std::function<Result<std::unique_ptr<DeviceWire>>(const std::string& server,
                                                                  const std::string& ca_file)>;
Result<std::unique_ptr<DeviceWire>> connect_https(const std::string& server, const std::string& ca_file);

// Draws a key, binds it with the code and returns the account to keep.   refused: the code is not valid.
Result<DeviceAccount> activate_device(DeviceWire& wire, const ActivationLinkParts& link, Random& random);

struct AnswerOutcome {
  std::string state;   // allowed, denied, fraud
  std::string reason;
};

// Errors of the server come back with its own text: malformed 400, refused 401 and 403, not_found 404, conflict 409,
// exhausted 413 and 429, else unavailable. A clock that is wrong is set from the server's answer, once.
class DeviceClient {
  const DeviceAccount& account_;
  DeviceWire& wire_;
  const Clock& clock_;
  seconds ahead_{0};  // of the server's clock

 public:
  DeviceClient(const DeviceAccount& account, DeviceWire& wire, const Clock& clock)
      : account_(account), wire_(wire), clock_(clock) {}

  // `wait` of at most 25 s.
  Result<std::vector<flow::PendingRequest>> pending(seconds wait);
  Result<AnswerOutcome> answer(const AttemptId& request, std::string_view number, factor::push::Decision decision);
  // Calls `on_requests` with the list at once and after each change, until it returns false (then success), or the
  // stream ends (unavailable), or the device is no longer bound (refused).
  Result<void> watch(const std::function<bool(const std::vector<flow::PendingRequest>&)>& on_requests);

 private:
  net::ClientRequest signed_request(std::string_view method, std::string path, std::string query,
                                    std::string body) const;
  Result<std::string> call(std::string_view method, const std::string& path, const std::string& query,
                           const std::string& body, seconds wait);
};

}  // namespace countersign::server
