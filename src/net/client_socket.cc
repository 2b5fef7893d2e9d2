#include "net/client_socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace countersign::net {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

bool is_address(const std::string& text) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, text.c_str(), &ignored) == 1 || ::inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

Result<Addresses> look_up(const Peer& peer) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(peer.host.c_str(), std::to_string(peer.port).c_str(), &hints, &found);
  if (failed != 0) return Error{Errc::unavailable, "cannot find the host " + peer.host + ": " + ::gai_strerror(failed)};
  return Addresses(found, ::freeaddrinfo);
}

}  // namespace

ClientTls::~ClientTls() { SSL_CTX_free(context_); }

Result<std::unique_ptr<ClientTls>> ClientTls::load(const std::string& ca_file) {
  std::unique_ptr<ClientTls> made(new ClientTls);
  made->context_ = SSL_CTX_new(TLS_client_method());
  if (made->context_ == nullptr) return Error{Errc::exhausted, "no memory for a TLS context"};
  SSL_CTX* context = made->context_;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);  // framing says what is whole
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return made;
  }
  if (::access(ca_file.c_str(), R_OK) != 0) return Error{Errc::not_found, with_errno("cannot read " + ca_file)};
  if (SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1) {
    ERR_clear_error();
    return Error{Errc::malformed, "no certificate in " + ca_file};
  }
  return made;
}

ClientSocket::~ClientSocket() {
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_) == 1) SSL_shutdown(ssl_);
  SSL_free(ssl_);
  ERR_clear_error();
}

Result<std::unique_ptr<ClientSocket>> ClientSocket::connect(const Peer& peer, const ClientTls* tls,
                                                            Deadline deadline) {
  std::unique_ptr<ClientSocket> made(new ClientSocket);
  TRY(made->open(peer, deadline));
  if (tls != nullptr) TRY(made->handshake(peer, *tls, deadline));
  return made;
}

Result<void> ClientSocket::ready(short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd entry{socket_.get(), events, 0};
    const int n = ::poll(&entry, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000)));
    if (n > 0) return {};
    if (n < 0 && errno == EINTR) continue;
    return Error{Errc::unavailable, "the server did not answer in time"};
  }
}

Result<void> ClientSocket::open(const Peer& peer, Deadline deadline) {
  const Addresses addresses = TRY(look_up(peer));
  Error last{Errc::unavailable, "no address for " + peer.host};
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    socket_ = Descriptor(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_) continue;
    int failed = 0;
    socklen_t size = sizeof failed;
    if (::connect(socket_.get(), at->ai_addr, at->ai_addrlen) != 0 && errno != EINPROGRESS) failed = errno;
    if (failed == 0) {
      if (auto waited = ready(POLLOUT, deadline); !waited) return waited;
      ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &failed, &size);
    }
    if (failed == 0) {
      const int on = 1;
      ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return {};
    }
    errno = failed;
    last.what = with_errno("cannot connect to " + peer.host + " port " + std::to_string(peer.port));
  }
  return last;
}

Result<void> ClientSocket::handshake(const Peer& peer, const ClientTls& tls, Deadline deadline) {
  ssl_ = SSL_new(tls.context_);
  BIO* bio = ssl_ != nullptr ? tls.bio_.open(socket_.get()) : nullptr;
  if (bio == nullptr) return Error{Errc::exhausted, "no memory for a TLS session"};
  SSL_set_bio(ssl_, bio, bio);
  const std::string& name = peer.certificate_name;
  const bool set = is_address(name) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), name.c_str()) == 1
                                    : SSL_set1_host(ssl_, name.c_str()) == 1 &&
                                          SSL_set_tlsext_host_name(ssl_, name.c_str()) == 1;
  if (!set) return Error{Errc::malformed, "not a host name: " + name};
  static constexpr std::string_view kAlpn = "\x08http/1.1";
  SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(kAlpn.data()), kAlpn.size());
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(ssl_);
    if (result == 1) return {};
    if (auto waited = wait(result, deadline); !waited) {
      const long verdict = SSL_get_verify_result(ssl_);
      if (verdict == X509_V_OK) return waited;
      return Error{Errc::refused, "the certificate of " + name + " is not trusted: " +
                                      X509_verify_cert_error_string(verdict)};
    }
  }
}

// After an SSL call said `result`: until it can be tried again.
Result<void> ClientSocket::wait(int result, Deadline deadline) {
  switch (SSL_get_error(ssl_, result)) {  // OpenSSL's numbers, not an enum of ours
    case SSL_ERROR_WANT_READ: return ready(POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE: return ready(POLLOUT, deadline);
    default: break;
  }
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return Error{Errc::unavailable, std::string("the connection broke") + (reason ? std::string(": ") + reason : "")};
}

Result<void> ClientSocket::write(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    std::size_t taken = 0;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &taken);
      if (result != 1) TRY(wait(result, deadline));
    } else {
      const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && !would_block()) return Error{Errc::unavailable, with_errno("the connection broke")};
      if (n < 0) TRY(ready(POLLOUT, deadline));
      taken = n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    bytes.remove_prefix(taken);
  }
  return {};
}

Result<bool> ClientSocket::read(std::string& to, Deadline deadline) {
  std::array<char, 16 * 1024> bytes;
  for (;;) {
    std::size_t n = 0;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      const int result = SSL_read_ex(ssl_, bytes.data(), bytes.size(), &n);
      if (result != 1) {
        if (SSL_get_error(ssl_, result) == SSL_ERROR_ZERO_RETURN) return false;
        TRY(wait(result, deadline));
        continue;
      }
    } else {
      const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (got == 0) return false;
      if (got < 0) {
        if (!would_block()) return Error{Errc::unavailable, with_errno("the connection broke")};
        TRY(ready(POLLIN, deadline));
        continue;
      }
      n = static_cast<std::size_t>(got);
    }
    to.append(bytes.data(), n);
    return true;
  }
}

bool ClientSocket::is_alive() {
  pollfd entry{socket_.get(), POLLIN, 0};
  if (::poll(&entry, 1, 0) == 0) return true;
  if (ssl_ == nullptr) return false;  // an end, or bytes that nobody asked for
  char byte = 0;
  std::size_t n = 0;
  ERR_clear_error();
  const int result = SSL_peek_ex(ssl_, &byte, 1, &n);  // a session ticket is readable too, and is no end
  return result != 1 && SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ;
}

}  // namespace countersign::net
