#include "server/faces.h"

#include <utility>

#include "faces/device/serve.h"
#include "faces/health/health.h"
#include "faces/portal/serve.h"
#include "faces/prompt/serve.h"
#include "faces/reader/serve.h"
#include "server/wiring.h"

namespace countersign::server {

Faces::Faces(const flow::Ports& ports, oplog::Log& log, const std::vector<std::string>& host_names,
             web::Templates templates)
    : ports_(ports),
      templates_(std::move(templates)),
      duo_(ports, {.host_names = host_names}),
      oidc_(ports, log, {.host_names = host_names}),
      ledger_(ports),
      notice_(ports, templates_) {}

void Faces::add_to(Router& router) {
  router.add({duo::DuoFace::serves, [this](const net::HttpRequest& r) { return duo_.handle(r); }});
  router.add({oidc::OidcFace::serves, [this](const net::HttpRequest& r) { return oidc_.handle(r); }});
  router.add({prompt::serves, [this](const net::HttpRequest& r) { return prompt::serve(ports_, templates_, r); }});
  router.add({portal::serves, [this](const net::HttpRequest& r) { return portal::serve(ports_, templates_, r); }});
  router.add({reader::serves, [this](const net::HttpRequest& r) { return reader::serve(ports_, r); }});
  router.add({ledger_face::serves, [this](const net::HttpRequest& r) { return ledger_.handle(r); }});
  router.add({notice::NoticeFace::serves, [this](const net::HttpRequest& r) { return notice_.handle(r); }});
  router.add({web::serves_asset, [](const net::HttpRequest& r) { return net::Reply(web::asset(r)); }});
  router.add({device::serves, [this](const net::HttpRequest& r) { return device::serve(ports_, templates_, r); }});
  router.add({health::serves, [this](const net::HttpRequest& r) { return health::serve(ports_, kVersion, r); }});
}

}  // namespace countersign::server
