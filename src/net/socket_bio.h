// OpenSSL's view of a non-blocking socket, through send(2) with MSG_NOSIGNAL: a peer that went away must not raise
// SIGPIPE in a program that never asked for it, which OpenSSL's own socket BIO does.
#pragma once

#include <openssl/bio.h>

#include <memory>

namespace countersign::net {

class SocketBio {
 public:
  SocketBio();
  // A new BIO over `socket`, which stays the caller's. Null only for lack of memory. It must not outlive this object.
  BIO* open(int socket) const;

 private:
  struct Free {
    void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
  };
  std::unique_ptr<BIO_METHOD, Free> method_;
};

}  // namespace countersign::net
