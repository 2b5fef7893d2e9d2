#include "faces/device/problem.h"

#include <cstdlib>
#include <utility>

#include "faces/device/wire.h"

namespace countersign::device {
namespace {

net::HttpResponse error_reply(int status, std::string_view code, std::string_view message) {
  net::HttpResponse out = json_reply(write_error(code, message, std::nullopt));
  out.status = status;
  return out;
}

int status_of(Errc code) {
  switch (code) {
    case Errc::malformed: return 400;
    case Errc::refused: return 403;
    case Errc::not_found: return 404;
    case Errc::conflict: return 409;
    case Errc::exhausted: return 429;
    case Errc::unavailable: return 503;
  }
  std::abort();
}

// What a person is told; `what` itself only where it is about what the caller sent.
std::string message_of(const Error& error) {
  switch (error.code) {
    case Errc::malformed: return error.what;
    case Errc::refused: return "The answer is not signed by this device.";
    case Errc::not_found: return "There is no such request for this device.";
    case Errc::conflict: return "The request is over: it was answered, withdrawn or has expired.";
    case Errc::exhausted: return "Too much at once. Try again.";
    case Errc::unavailable: return "The service is away for the moment. Try again.";
  }
  std::abort();
}

}  // namespace

net::HttpResponse json_reply(std::string json) {
  net::HttpResponse out;
  out.content_type = "application/json";
  out.body = std::move(json);
  out.headers = {{"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}};
  return out;
}

net::HttpResponse problem(const Error& error) {
  net::HttpResponse out = error_reply(status_of(error.code), name(error.code), message_of(error));
  if (out.status == 503 || out.status == 429) out.headers.push_back({"retry-after", "1"});
  return out;
}

net::HttpResponse size_problem(std::string_view message) { return error_reply(413, "exhausted", message); }

net::HttpResponse unsigned_problem() {
  net::HttpResponse out = error_reply(401, "refused", "The request is not signed by a device that is bound here.");
  out.headers.push_back({"www-authenticate", "Countersign-Device"});
  return out;
}

net::HttpResponse clock_problem(Instant now) {
  net::HttpResponse out = json_reply(
      write_error("clock", "The device's clock is more than 300 seconds away from the server's.", now));
  out.status = 401;
  out.headers.push_back({"www-authenticate", "Countersign-Device"});
  return out;
}

net::HttpResponse code_problem() {
  return error_reply(403, "refused", "This activation code is not valid. Ask for a new one.");
}

net::HttpResponse service_problem() {
  return error_reply(403, "refused", "Messages to this push service are not allowed here.");
}

net::HttpResponse method_problem(std::string_view allow) {
  net::HttpResponse out = error_reply(405, "malformed", "Use " + std::string(allow) + " here.");
  out.headers.push_back({"allow", std::string(allow)});
  return out;
}

}  // namespace countersign::device
