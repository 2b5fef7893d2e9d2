#include "faces/device/push.h"

#include <memory>

#include "faces/device/problem.h"
#include "faces/device/wire.h"
#include "flow/notices.h"
#include "flow/subscribe.h"

namespace countersign::device {
namespace {

constexpr std::string_view kPushKey = "/device/v1/push-key";
constexpr std::string_view kSubscription = "/device/v1/subscription";
constexpr std::string_view kNotices = "/device/v1/notices";

using Done = std::function<void(net::Reply)>;

net::Reply subscribe(const flow::Ports& ports, const net::HttpRequest& request, const Phone& phone) {
  Result<webpush::Subscription> read = webpush::read_subscription(request.body);
  if (!read && read.error().code == Errc::exhausted) return size_problem("The body is larger than 4096 bytes.");
  if (!read) return problem(read.error());
  // A std::function must be copyable.
  auto asked = std::make_shared<flow::SubscribeRequest>(phone, *std::move(read));
  return net::Committing{[&ports, asked](Done done) {
    flow::subscribe(ports, std::move(*asked), [done = std::move(done)](Result<void> out) {
      if (out) return done(json_reply(write_subscribed("subscribed")));
      if (out.error().code == Errc::refused) return done(service_problem());
      // The phone was removed after it had signed.
      done(out.error().code == Errc::not_found ? unsigned_problem() : problem(out.error()));
    });
  }};
}

net::Reply unsubscribe(const flow::Ports& ports, const Phone& phone) {
  return net::Committing{[&ports, phone](Done done) {
    flow::unsubscribe(ports, phone, [done = std::move(done)](Result<void> out) {
      done(out ? json_reply(write_subscribed("none")) : problem(out.error()));
    });
  }};
}

net::Reply notices(const flow::Ports& ports, const Phone& phone) {
  const Result<std::vector<flow::Notice>> found = flow::notices_of(ports, phone);
  return found ? json_reply(write_notices(*found)) : problem(found.error());
}

}  // namespace

bool is_push_call(std::string_view path) { return path == kPushKey || path == kSubscription || path == kNotices; }

std::string_view push_methods(std::string_view path) { return path == kSubscription ? "PUT, DELETE" : "GET"; }

bool takes_push_method(std::string_view path, std::string_view method) {
  return path == kSubscription ? method == "PUT" || method == "DELETE" : method == "GET";
}

net::Reply serve_push(const flow::Ports& ports, const net::HttpRequest& request, const Phone& phone) {
  if (request.path == kPushKey) return json_reply(write_push_key(ports.settings.push_key));
  if (request.path == kNotices) return notices(ports, phone);
  return request.method == "PUT" ? subscribe(ports, request, phone) : unsubscribe(ports, phone);
}

}  // namespace countersign::device
