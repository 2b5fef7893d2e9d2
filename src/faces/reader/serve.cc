#include "faces/reader/serve.h"

#include <memory>
#include <utility>

#include "faces/reader/wire.h"

namespace countersign::reader {
namespace {

constexpr std::string_view kPrefix = "/reader/v1/";
constexpr std::string_view kLook = "/reader/v1/look", kSlots = "/reader/v1/slots";

net::HttpResponse json_reply(int status, std::string json) {
  net::HttpResponse out;
  out.status = status;
  out.content_type = "application/json";
  out.body = std::move(json);
  out.headers = {{"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}};
  return out;
}

// The dialect of this face: what a link is not good for looks the same whatever the cause.
int status_of(Errc code) {
  switch (code) {
    case Errc::malformed: return 400;
    case Errc::refused:
    case Errc::not_found: return 403;
    case Errc::conflict: return 409;
    case Errc::exhausted: return 429;
    case Errc::unavailable: return 503;
  }
  return 503;
}

net::HttpResponse problem(const Error& error) {
  return json_reply(status_of(error.code), write_error(error.code == Errc::not_found ? Errc::refused : error.code));
}

net::Reply look(const flow::Ports& ports, const net::HttpRequest& request) {
  const Result<Secret> token = read_look(request.body);
  if (!token) return problem(token.error());
  const Result<flow::Invitation> invited = flow::open_invitation(ports, *token);
  if (!invited) return problem(invited.error());
  return json_reply(200, write_invitation(*invited));
}

net::Reply add_slot(const flow::Ports& ports, const net::HttpRequest& request) {
  Result<flow::SlotUpload> upload = read_slot(request.body);
  if (!upload) return problem(upload.error());
  upload->address = request.peer;
  auto shared = std::make_shared<flow::SlotUpload>(std::move(*upload));  // a std::function must be copyable
  return net::Committing{[&ports, shared](std::function<void(net::Reply)> done) {
    flow::take_slot(ports, std::move(*shared), [done = std::move(done)](Result<bool> new_key) {
      done(new_key ? json_reply(200, write_taken(*new_key)) : problem(new_key.error()));
    });
  }};
}

}  // namespace

bool serves(std::string_view path) { return path.starts_with(kPrefix); }

net::Reply serve(const flow::Ports& ports, const net::HttpRequest& request) {
  if (request.path != kLook && request.path != kSlots) {
    return json_reply(404, write_error(Errc::not_found));
  }
  if (request.method != "POST") {
    net::HttpResponse out = json_reply(405, write_error(Errc::malformed));
    out.headers.push_back({"allow", "POST"});
    return out;
  }
  return request.path == kLook ? look(ports, request) : add_slot(ports, request);
}

}  // namespace countersign::reader
