#include "server/router.h"

namespace countersign::server {

net::Reply Router::answer(const net::HttpRequest& request) const {
  for (const Route& route : routes_) {
    if (route.serves(request.path)) return route.handler(request);
  }
  return net::HttpResponse{.status = 404,
                           .content_type = "application/json",
                           .body = R"({"stat":"FAIL","code":40401,"message":"Resource not found",)"
                                   R"("message_detail":"There is nothing at this path."})",
                           .headers = {}};
}

}  // namespace countersign::server
