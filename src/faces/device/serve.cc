#include "faces/device/serve.h"

#include <memory>
#include <optional>
#include <utility>

#include "core/codec/form.h"
#include "faces/device/page.h"
#include "faces/device/problem.h"
#include "faces/device/push.h"
#include "faces/device/qr.h"
#include "faces/device/signature.h"
#include "faces/device/wire.h"

namespace countersign::device {
namespace {

constexpr std::string_view kRequests = "/device/v1/requests";
constexpr std::string_view kActivate = "/activate/", kEnroll = "/enroll";
constexpr std::string_view kAnswer = "/answer";
constexpr seconds kStreamLength{300};

Error no_such_path() { return Error{Errc::not_found, "no such path"}; }

// What a signed call names and proves; kept by calls that wait, which ask again each time they look.
flow::DeviceCall call_of(const net::HttpRequest& request, const Authorization& authorization) {
  return {authorization.device,
          request_message({request.method, request.host, request.path, request.query, authorization.ts, request.body}),
          authorization.signature};
}

struct Caller {
  flow::DeviceCall call;
  Phone phone;
};

// The device behind the request, or the answer it gets instead. Signature before clock: only the device itself hears
// that its clock is wrong.
std::variant<Caller, net::HttpResponse> authenticate(const flow::Ports& ports, const net::HttpRequest& request) {
  const Result<Authorization> authorization = parse_authorization(request.header("authorization"));
  if (!authorization) return unsigned_problem();
  flow::DeviceCall call = call_of(request, *authorization);
  Result<Phone> phone = flow::find_device(ports, call);
  if (!phone && phone.error().code == Errc::refused) return unsigned_problem();
  if (!phone) return problem(phone.error());
  const Instant now = ports.clock.now();
  const Instant signed_at = authorization->at();
  if (signed_at > now + kClockSkewMax || signed_at < now - kClockSkewMax) return clock_problem(now);
  return Caller{std::move(call), std::move(*phone)};
}

net::HttpResponse body_problem(const Error& error) {
  return error.code == Errc::exhausted ? size_problem("The body is larger than 4096 bytes.") : problem(error);
}

net::Reply activate(const flow::Ports& ports, const net::HttpRequest& request) {
  Result<flow::ActivateRequest> asked = read_activate(request.body);
  if (!asked) return body_problem(asked.error());
  auto shared = std::make_shared<flow::ActivateRequest>(std::move(*asked));  // a std::function must be copyable
  return net::Committing{[&ports, shared](std::function<void(net::Reply)> done) {
    flow::activate(ports, std::move(*shared), [&ports, done = std::move(done)](Result<flow::Activated> out) {
      if (out) return done(json_reply(write_activated(*out, ports.settings.public_url)));
      done(out.error().code == Errc::refused ? code_problem() : problem(out.error()));
    });
  }};
}

// The list at once when there is one or the time is over, else later.
net::Reply list_requests(const flow::Ports& ports, const flow::DeviceCall& call, const Phone& phone, Instant until) {
  const Result<std::vector<flow::PendingRequest>> pending = flow::pending_requests(ports, phone);
  if (!pending) return problem(pending.error());
  if (!pending->empty() || ports.clock.now() >= until) return json_reply(write_requests(*pending));
  const auto look = [&ports, call](Instant last) -> net::Reply {
    const Result<Phone> again = flow::find_device(ports, call);
    if (again) return list_requests(ports, call, *again, last);
    return again.error().code == Errc::refused ? unsigned_problem() : problem(again.error());
  };
  return net::Wait{flow::phone_key(phone.id), until, [look, until] { return look(until); },
                   [look] { return look(Instant()); }};
}

net::Reply requests(const flow::Ports& ports, const net::HttpRequest& request, const Caller& caller) {
  const Result<seconds> wait = read_wait(request.query);
  if (!wait) return problem(Error{Errc::malformed, wait.error().what});
  return list_requests(ports, caller.call, caller.phone, ports.clock.now() + *wait);
}

std::string event(std::string_view name, std::string_view json) {
  return "event: " + std::string(name) + "\ndata: " + std::string(json) + "\n\n";
}

net::Reply events(const flow::Ports& ports, const Caller& caller) {
  auto last = std::make_shared<std::string>();  // shared: a std::function must be copyable, and copies are one stream
  const auto next = [&ports, call = caller.call, last]() -> std::string {
    const Result<Phone> phone = flow::find_device(ports, call);
    if (!phone) return phone.error().code == Errc::refused ? event("gone", "{}") : std::string();
    const Result<std::vector<flow::PendingRequest>> pending = flow::pending_requests(ports, *phone);
    if (!pending) return {};
    std::string json = write_requests(*pending);
    if (json == *last) return {};
    const std::string_view opening = last->empty() ? "retry: 1000\n" : "";
    *last = std::move(json);
    return std::string(opening) + event("requests", *last);
  };
  return net::EventStream{flow::phone_key(caller.phone.id), ports.clock.now() + kStreamLength, next};
}

// An answer that came too late ended nothing.
net::HttpResponse standing_reply(const flow::Standing& standing) {
  switch (standing.state) {
    case signin::State::allowed:
    case signin::State::denied:
    case signin::State::fraud: return json_reply(write_standing(standing));
    case signin::State::prepared:
    case signin::State::open:
    case signin::State::timed_out:
    case signin::State::cancelled: break;
  }
  return problem(Error{Errc::conflict, "the request is over"});
}

net::Reply answer(const flow::Ports& ports, const net::HttpRequest& request, const Caller& caller,
                  const AttemptId& attempt) {
  Result<AnswerBody> body = read_answer(request.body);
  if (!body) return body_problem(body.error());
  const flow::Answer given{caller.phone,           attempt,      body->decision,
                           std::move(body->number), request.peer, std::move(body->signature)};
  return net::Committing{[&ports, given](std::function<void(net::Reply)> done) {
    flow::answer_push(ports, given, [done = std::move(done)](Result<flow::Standing> standing) {
      done(standing ? standing_reply(*standing) : problem(standing.error()));
    });
  }};
}

net::Reply account(const flow::Ports& ports, const Caller& caller) {
  const Result<flow::DeviceAccount> found = flow::device_account(ports, caller.phone);
  if (!found) return problem(found.error());
  return json_reply(write_account(caller.phone, *found, ports.settings.public_url));
}

net::Reply qr(const net::HttpRequest& request) {
  const Result<codec::Form> form = codec::parse_form(request.query);
  if (!form) return problem(Error{Errc::malformed, "the query is broken"});
  std::optional<std::string> value;
  for (const auto& [name, text] : *form) {
    if (name == "value" && value) return problem(Error{Errc::malformed, "value stands twice"});
    if (name == "value") value = text;
  }
  Result<std::string> png = qr_png(value.value_or(""));
  if (!png && png.error().code == Errc::exhausted) return size_problem(png.error().what);
  if (!png) return problem(png.error());
  net::HttpResponse out;
  out.content_type = "image/png";
  out.body = std::move(*png);
  out.headers = {{"cache-control", "no-store"},  // the value may be an activation link
                 {"x-content-type-options", "nosniff"},
                 {"content-security-policy", "default-src 'none'"}};
  return out;
}

// The id in /device/v1/requests/ID/answer.   not_found: another path.
Result<AttemptId> answered_attempt(std::string_view path) {
  if (!path.starts_with(kRequests) || !path.ends_with(kAnswer)) return no_such_path();
  path.remove_prefix(kRequests.size());
  if (path.size() <= kAnswer.size() + 1 || path.front() != '/') return no_such_path();
  const Result<AttemptId> id = AttemptId::parse(path.substr(1, path.size() - 1 - kAnswer.size()));
  return id ? id : no_such_path();
}

using Signed = std::function<net::Reply(const Caller&)>;

net::Reply with_caller(const flow::Ports& ports, const net::HttpRequest& request, const Signed& then) {
  std::variant<Caller, net::HttpResponse> caller = authenticate(ports, request);
  if (auto* const refusal = std::get_if<net::HttpResponse>(&caller)) return std::move(*refusal);
  return then(std::get<Caller>(caller));
}

// Pages and pictures, open to everyone.
net::Reply serve_open(const flow::Ports& ports, const web::Templates& templates, const net::HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return method_problem("GET");
  if (request.path == "/frame/qr") return qr(request);
  if (request.path == kEnroll) return enrolment_page(templates, request);
  Result<net::HttpResponse> page = activation_page(templates, ports.settings.public_url, request);
  return page ? std::move(*page) : problem(page.error());
}

}  // namespace

bool serves(std::string_view path) {
  return path.starts_with("/device/") || path.starts_with(kActivate) || path == "/frame/qr" || path == kEnroll;
}

net::Reply serve(const flow::Ports& ports, const web::Templates& templates, const net::HttpRequest& request) {
  if (!request.path.starts_with("/device/")) return serve_open(ports, templates, request);
  const bool get = request.method == "GET", post = request.method == "POST";
  if (request.path == "/device/v1/activate") return post ? activate(ports, request) : method_problem("POST");
  if (request.path == kRequests) {
    if (!get) return method_problem("GET");
    return with_caller(ports, request, [&](const Caller& caller) { return requests(ports, request, caller); });
  }
  if (request.path == "/device/v1/events") {
    if (!get) return method_problem("GET");
    return with_caller(ports, request, [&](const Caller& caller) { return events(ports, caller); });
  }
  if (request.path == "/device/v1/account") {
    if (!get) return method_problem("GET");
    return with_caller(ports, request, [&](const Caller& caller) { return account(ports, caller); });
  }
  if (is_push_call(request.path)) {
    if (!takes_push_method(request.path, request.method)) return method_problem(push_methods(request.path));
    return with_caller(ports, request, [&](const Caller& caller) { return serve_push(ports, request, caller.phone); });
  }
  const Result<AttemptId> attempt = answered_attempt(request.path);
  if (!attempt) return problem(attempt.error());
  if (!post) return method_problem("POST");
  return with_caller(ports, request, [&](const Caller& caller) { return answer(ports, request, caller, *attempt); });
}

}  // namespace countersign::device
