// The device face: authenticators are bound, learn what waits for them, and answer (docs/protocols/device.md).
#pragma once

#include <string_view>

#include "flow/ports.h"
#include "net/http.h"
#include "web/page.h"

namespace countersign::device {

// Whether a path belongs to this face: /device/…, /frame/qr, /activate/…, /enroll.
bool serves(std::string_view path);

// Answers one request; `ports` outlives every reply. Thread-safe.
net::Reply serve(const flow::Ports& ports, const web::Templates& templates, const net::HttpRequest& request);

}  // namespace countersign::device
