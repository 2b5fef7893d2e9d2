// The server's side of TLS: certificate, protocol versions, reload without a pause.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "core/base/result.h"

struct ssl_st;
struct ssl_ctx_st;

namespace countersign::net {

class SocketBio;

// TLS 1.2 and 1.3 only, ALPN http/1.1, one session ticket. Connections keep the certificate they began with.
class TlsContext {
 public:
  // Reads a PEM chain, leaf first, and its key; both may be in one file.
  // not_found: a file cannot be read.   malformed: no certificate or key in it, or the key is not the leaf's.
  static Result<std::unique_ptr<TlsContext>> load(const std::string& chain_file, const std::string& key_file);

  ~TlsContext();

  // Reads both files again; on an error the present certificate stays. Any thread.
  Result<void> reload();

  // A server-side session over a connected non-blocking socket, which stays the caller's; null for lack of memory.
  // The caller frees it. This object must outlive it. Any thread.
  ssl_st* open(int socket) const;

 private:
  TlsContext(std::string chain_file, std::string key_file);

  std::string chain_file_, key_file_;
  std::unique_ptr<SocketBio> bio_;
  mutable std::mutex mutex_;
  std::shared_ptr<ssl_ctx_st> context_;  // shared: sessions being opened hold it while reload() swaps it
};

}  // namespace countersign::net
