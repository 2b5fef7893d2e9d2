// Web Push and notices: the signed calls of docs/protocols/device.md that are not about requests.
#pragma once

#include "flow/ports.h"
#include "net/http.h"

namespace countersign::device {

// A call is /device/v1/push-key, /device/v1/subscription or /device/v1/notices.
bool is_push_call(std::string_view path);
// The methods it may have, as an Allow header lists them.
std::string_view push_methods(std::string_view path);
bool takes_push_method(std::string_view path, std::string_view method);

// Answers one, whose method is allowed, for the phone that signed it.
net::Reply serve_push(const flow::Ports& ports, const net::HttpRequest& request, const Phone& phone);

}  // namespace countersign::device
