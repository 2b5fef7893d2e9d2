// Internal to net/: a blocking connection with deadlines, plain or TLS, of the HTTP client.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "net/socket_bio.h"
#include "net/unix_address.h"

struct ssl_st;
struct ssl_ctx_st;

namespace countersign::net {

// What all connections of one client share: the certificates it trusts.
class ClientTls {
 public:
  // `ca_file` empty: the system's. not_found, malformed: the file cannot be read, or holds no certificate.
  static Result<std::unique_ptr<ClientTls>> load(const std::string& ca_file);
  ~ClientTls();

 private:
  friend class ClientSocket;
  ClientTls() = default;
  SocketBio bio_;
  ssl_ctx_st* context_ = nullptr;
};

struct Peer {
  std::string host;
  std::uint16_t port;
  std::string certificate_name;  // an address or a name that the certificate must hold
};

class ClientSocket {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // `tls` null: plain. unavailable: nobody answers in time.   refused: the certificate is not trusted or not of `peer`.
  static Result<std::unique_ptr<ClientSocket>> connect(const Peer& peer, const ClientTls* tls, Deadline deadline);
  ~ClientSocket();
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;

  // unavailable: the connection broke or the deadline passed.
  Result<void> write(std::string_view bytes, Deadline deadline);
  // Appends what has come; false at the end of what is sent.
  Result<bool> read(std::string& to, Deadline deadline);
  // Whether the other side seems to be there still. Does not wait.
  bool is_alive();

 private:
  ClientSocket() = default;
  Result<void> open(const Peer& peer, Deadline deadline);
  Result<void> handshake(const Peer& peer, const ClientTls& tls, Deadline deadline);
  Result<void> wait(int result, Deadline deadline);
  Result<void> ready(short events, Deadline deadline);

  Descriptor socket_;
  ssl_st* ssl_ = nullptr;
};

}  // namespace countersign::net
