// The ledger over HTTP (C2SP tlog-tiles, docs/protocols/ledger.md): the global tree's hashes for everybody, a tenant's
// tree with its entries for whoever has a token of it.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "flow/ports.h"
#include "net/http.h"

namespace countersign::ledger_face {

bool serves(std::string_view path);

// GET and HEAD. What is not there, not published, or not the token's looks the same: 404.
class LedgerFace {
  const flow::Ports& ports_;
  std::mutex mutex_;
  std::map<std::string, Instant> noted_;  // by token: when its reading was last written down

 public:
  // `ports` and this object must outlive every reply.
  explicit LedgerFace(const flow::Ports& ports) : ports_(ports) {}
  net::Reply handle(const net::HttpRequest& request);

 private:
  net::Reply tenants(const net::HttpRequest& request, std::string_view path);
  bool noted(const std::string& token);
  void note(const std::string& token);
};

}  // namespace countersign::ledger_face
