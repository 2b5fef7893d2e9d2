// Every protocol served on the public listeners, built in order and put before the router.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "faces/duo/routes.h"
#include "faces/ledger/serve.h"
#include "faces/notice/face.h"
#include "faces/oidc/face.h"
#include "flow/ports.h"
#include "oplog/log.h"
#include "server/router.h"
#include "web/page.h"

namespace countersign::server {

class Faces {
 public:
  // `ports`, `log` and the object itself must outlive every reply.
  Faces(const flow::Ports& ports, oplog::Log& log, const std::vector<std::string>& host_names,
        web::Templates templates);

  void add_to(Router& router);

 private:
  const flow::Ports& ports_;
  web::Templates templates_;
  duo::DuoFace duo_;
  oidc::OidcFace oidc_;
  ledger_face::LedgerFace ledger_;
  notice::NoticeFace notice_;
};

}  // namespace countersign::server
