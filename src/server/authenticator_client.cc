#include "server/authenticator_client.h"

#include <charconv>
#include <optional>
#include <utility>

#include "core/codec/base32.h"
#include "core/codec/base64.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "core/crypto/sign.h"
#include "faces/device/signature.h"
#include "server/authenticator_events.h"

namespace countersign::server {
namespace {

constexpr std::size_t kReplyMax = 256 * 1024;
constexpr std::chrono::milliseconds kPatience{10'000};  // beyond what the server was asked to wait
constexpr std::chrono::milliseconds kStreamSilence{60'000};
constexpr std::uint16_t kHttpsPort = 443;

class HttpsWire : public DeviceWire {
  net::HttpClient client_;

 public:
  explicit HttpsWire(net::HttpClient client) : client_(std::move(client)) {}
  Result<net::HttpResponse> send(const net::ClientRequest& request) override { return client_.send(request); }
  Result<net::HttpResponse> stream(const net::ClientRequest& request,
                                   const std::function<bool(std::string_view)>& take) override {
    return client_.stream(request, take);
  }
};

Errc code_of(int status) {
  switch (status) {
    case 400: case 405: return Errc::malformed;
    case 401: case 403: return Errc::refused;
    case 404: return Errc::not_found;
    case 409: return Errc::conflict;
    case 413: case 429: return Errc::exhausted;
    default: return Errc::unavailable;  // statuses are not an enum of ours
  }
}

// The server's own words where it gave some.
Error error_of(const net::HttpResponse& reply) {
  const Result<codec::Json> json = codec::parse_json(reply.body, kReplyMax);
  const codec::Json* const message = json ? json->find("message") : nullptr;
  const Result<std::string_view> text =
      message ? message->as_string() : Result<std::string_view>(Error{Errc::malformed, ""});
  if (text) return Error{code_of(reply.status), std::string(*text)};
  return Error{code_of(reply.status), "the server answered with HTTP status " + std::to_string(reply.status)};
}

// How far the server's clock is ahead, where that is what it complains about.
std::optional<seconds> clock_error(const net::HttpResponse& reply, Instant now) {
  if (reply.status != 401) return std::nullopt;
  const Result<codec::Json> json = codec::parse_json(reply.body, kReplyMax);
  if (!json) return std::nullopt;
  const codec::Json* const error = json->find("error");
  const codec::Json* const time = json->find("server_time");
  if (!error || !error->is_string() || *error->as_string() != "clock" || !time || !time->is_int()) return std::nullopt;
  return seconds(*time->as_int() - unix_s(now));
}

Result<std::string> text_of_member(const codec::Json& object, std::string_view key) {
  const codec::Json* const member = TRY(object.need(key));
  return std::string(TRY(member->as_string()));
}

// Every failure to understand the server is its fault, not the caller's.
template <class T>
Result<T> understood(Result<T> result) {
  if (result) return result;
  return Error{Errc::unavailable, "the server's answer is not of this protocol: " + result.error().what};
}

Result<DeviceAccount> read_activated(std::string_view body) {
  const codec::Json json = TRY(codec::parse_json(body, kReplyMax));
  DeviceAccount out;
  const std::string id = TRY(text_of_member(json, "device_id"));
  out.device = TRY(PhoneId::parse(id));
  out.tenant = TRY(text_of_member(json, "tenant"));
  out.username = TRY(text_of_member(json, "username"));
  const codec::Json* const totp = TRY(json.need("totp"));
  const codec::Json* const digits = TRY(totp->need("digits"));
  const codec::Json* const period = TRY(totp->need("period"));
  const Secret secret(TRY(text_of_member(*totp, "secret")));
  out.code.issuer = out.tenant;
  out.code.account = out.username;
  out.code.secret = TRY(codec::secret_from_base32(secret.reveal()));
  out.code.digits = static_cast<int>(TRY(digits->as_int()));
  out.code.period_s = static_cast<int>(TRY(period->as_int()));
  return out;
}

Result<AnswerOutcome> read_outcome(std::string_view body) {
  const codec::Json json = TRY(codec::parse_json(body, kReplyMax));
  AnswerOutcome out;
  out.state = TRY(text_of_member(json, "state"));
  out.reason = TRY(text_of_member(json, "reason"));
  return out;
}

}  // namespace

Result<std::unique_ptr<DeviceWire>> connect_https(const std::string& server, const std::string& ca_file) {
  std::string_view host = host_of(server);
  net::ClientOptions options;
  options.port = kHttpsPort;
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.back() != ']') {
    const std::string_view digits = host.substr(colon + 1);
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), options.port);
    if (failed != std::errc() || end != digits.data() + digits.size()) {
      return Error{Errc::malformed, "not a port: " + std::string(digits)};
    }
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  options.host = host;
  options.ca_file = ca_file;
  options.reply_max = kReplyMax;
  net::HttpClient client = TRY(net::HttpClient::make(std::move(options)));
  return std::unique_ptr<DeviceWire>(std::make_unique<HttpsWire>(std::move(client)));
}

Result<DeviceAccount> activate_device(DeviceWire& wire, const ActivationLinkParts& link, Random& random) {
  const crypto::Es256Key key = crypto::Es256Key::generate(random);
  codec::JsonWriter w;
  w.begin_object();
  w.key("code").string(link.code.reveal());
  w.key("public_key").string(codec::to_base64(codec::Base64::url, key.public_key().point()));
  w.key("platform").string("Countersign command line");
  w.end_object();
  net::ClientRequest request;
  request.method = "POST";
  request.target = "/device/v1/activate";
  request.headers = {{"Host", std::string(host_of(link.server))}, {"Content-Type", "application/json"}};
  request.body = w.take();
  const net::HttpResponse reply = TRY(wire.send(request));
  if (reply.status != 200) return error_of(reply);
  DeviceAccount account = TRY(understood(read_activated(reply.body)));
  account.server = link.server;
  account.key = key.scalar();
  return account;
}

net::ClientRequest DeviceClient::signed_request(std::string_view method, std::string path, std::string query,
                                                std::string body) const {
  net::ClientRequest out;
  out.method = method;
  device::Authorization authorization;
  authorization.device = account_.device;
  authorization.ts = std::to_string(unix_s(clock_.now() + ahead_));
  const std::string_view host = host_of(account_.server);
  const std::string message = device::request_message({method, host, path, query, authorization.ts, body});
  const Result<crypto::Es256Key> key = crypto::Es256Key::from_scalar(account_.key.reveal_bytes());
  if (key) authorization.signature = key->sign(bytes_of(message));  // decode_accounts has looked at the key already
  out.headers = {{"Host", std::string(host)}, {"Authorization", device::write_authorization(authorization)}};
  if (!body.empty()) out.headers.push_back({"Content-Type", "application/json"});
  out.target = query.empty() ? std::move(path) : path + "?" + query;
  out.body = std::move(body);
  return out;
}

Result<std::string> DeviceClient::call(std::string_view method, const std::string& path, const std::string& query,
                                       const std::string& body, seconds wait) {
  for (int tries_left = 2;; --tries_left) {
    net::ClientRequest request = signed_request(method, path, query, body);
    request.timeout = kPatience + wait;
    net::HttpResponse reply = TRY(wire_.send(request));
    if (reply.status == 200) return std::move(reply.body);
    const std::optional<seconds> ahead = clock_error(reply, clock_.now());
    if (!ahead || tries_left <= 1) return error_of(reply);
    ahead_ = *ahead;
  }
}

Result<std::vector<flow::PendingRequest>> DeviceClient::pending(seconds wait) {
  const std::string body = TRY(call("GET", "/device/v1/requests", "wait=" + std::to_string(wait.count()), "", wait));
  return understood(read_requests(body));
}

Result<AnswerOutcome> DeviceClient::answer(const AttemptId& request, std::string_view number,
                                           factor::push::Decision decision) {
  const crypto::Es256Key key = TRY(crypto::Es256Key::from_scalar(account_.key.reveal_bytes()));
  const std::string message = factor::push::answer_message(request.text(), number, decision);
  codec::JsonWriter w;
  w.begin_object();
  w.key("decision").string(factor::push::name(decision));
  w.key("number").string(number);
  w.key("signature").string(codec::to_base64(codec::Base64::url, key.sign(bytes_of(message))));
  w.end_object();
  const std::string path = "/device/v1/requests/" + request.text() + "/answer";
  const std::string body = TRY(call("POST", path, "", w.take(), seconds(0)));
  return understood(read_outcome(body));
}

Result<void> DeviceClient::watch(const std::function<bool(const std::vector<flow::PendingRequest>&)>& on_requests) {
  TRY(pending(seconds(0)));  // says in one clear answer what would be wrong, and sets the clock
  net::ClientRequest request = signed_request("GET", "/device/v1/events", "", "");
  request.headers.push_back({"Accept", "text/event-stream"});
  request.timeout = kStreamSilence;
  EventReader events;
  Result<void> outcome = Error{Errc::unavailable, "the server ended the stream"};
  const auto on_event = [&](const ServerEvent& event) {
    if (event.name == "gone") {
      outcome = Error{Errc::refused, "this authenticator is no longer bound to the account"};
      return false;
    }
    if (event.name != "requests") return true;
    const Result<std::vector<flow::PendingRequest>> requests = understood(read_requests(event.data));
    if (!requests) {
      outcome = requests.error();
      return false;
    }
    if (on_requests(*requests)) return true;
    outcome = Result<void>();
    return false;
  };
  const net::HttpResponse reply = TRY(wire_.stream(
      request, [&](std::string_view piece) { return events.take(piece, on_event); }));
  if (reply.status != 200) return error_of(reply);
  return outcome;
}

}  // namespace countersign::server
