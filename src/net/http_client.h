// A small blocking HTTP/1.1 client for the command line, the software authenticator and tests. It takes no proxy from
// the environment: whoever may set variables must not read what is sent.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "net/http.h"

namespace countersign::net {

enum class Security { tls, plain };

struct ClientOptions {
  std::string host;                 // a name or an address, without brackets
  std::uint16_t port = 443;
  Security security = Security::tls;
  std::string ca_file;              // PEM; empty: the system's
  std::string certificate_name;     // what the certificate must be of; empty: host
  std::size_t reply_max = 16 * 1024 * 1024;
};

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";         // path and query
  std::vector<Header> headers;      // beyond Host, Content-Length and Connection; a Host here replaces ours
  std::string body;
  std::chrono::milliseconds timeout{30'000};  // for the whole reply; of a stream, for each silence
};

// One server, one connection that is kept open between requests. One thread at a time.
class HttpClient {
 public:
  // not_found, malformed: the CA file.
  static Result<HttpClient> make(ClientOptions options);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  // The reply, whatever its status; header names in lower case.
  // unavailable: no connection, broken, or too slow (whether the request was executed is then unknown).
  // refused: the certificate.   malformed: the reply is not HTTP, or larger than reply_max.
  Result<HttpResponse> send(const ClientRequest& request);

  // As send(), but gives the body to `take` piece by piece as it comes, and leaves it empty in the reply. `take`
  // returns whether it wants more. The connection is closed afterwards.
  Result<HttpResponse> stream(const ClientRequest& request, const std::function<bool(std::string_view)>& take);

  void close();

 private:
  struct Line;
  explicit HttpClient(std::unique_ptr<Line> line);
  std::unique_ptr<Line> line_;
};

}  // namespace countersign::net
