#include "faces/prompt/related_origins.h"

#include "core/codec/json_write.h"

namespace countersign::prompt {

net::HttpResponse related_origins(const flow::Ports& ports, const net::HttpRequest& request) {
  net::HttpResponse out;
  if (request.method != "GET" && request.method != "HEAD") {
    out.status = 405;
    out.headers = {{"allow", "GET, HEAD"}};
    return out;
  }
  codec::JsonWriter w;
  w.begin_object().key("origins").begin_array().string(ports.settings.public_url);
  for (const std::string& origin : ports.settings.related_origins) w.string(origin);
  w.end_array().end_object();
  out.content_type = "application/json";
  out.body = w.take();
  out.headers = {{"cache-control", "max-age=3600"}, {"x-content-type-options", "nosniff"}};
  return out;
}

}  // namespace countersign::prompt
