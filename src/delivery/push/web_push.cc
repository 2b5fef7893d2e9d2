#include "delivery/push/web_push.h"

#include <algorithm>
#include <charconv>

#include "core/codec/http_date.h"
#include "delivery/push/encrypt.h"

namespace countersign::push {
namespace {

constexpr std::size_t kLinesMax = 8;
constexpr std::size_t kReplyMax = 4 * 1024;  // nobody reads it

std::string_view header(const net::HttpResponse& reply, std::string_view name) {
  for (const net::Header& one : reply.headers) {
    if (one.name == name) return one.value;
  }
  return {};
}

// RFC 9110 §10.2.3: seconds or a date; 0 where it is absent, past or neither.
seconds retry_after(std::string_view text, Instant now) {
  std::int64_t n = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (failed != std::errc() || end != text.data() + text.size()) {
    const Result<Instant> date = codec::parse_http_date(text);
    n = date ? unix_s(*date) - unix_s(now) : 0;
  }
  return seconds(std::clamp<std::int64_t>(n, 0, kRetryAfterMax.count()));
}

Outcome outcome_of(const net::HttpResponse& reply, Instant now) {
  Outcome out;
  out.status = reply.status;
  if (reply.status >= 200 && reply.status < 300) {
    out.end = End::accepted;
  } else if (reply.status == 404 || reply.status == 410) {
    out.end = End::gone;
  } else if (reply.status == 413) {
    out.end = End::too_large;
  } else if (reply.status == 429 || reply.status >= 500) {
    out.end = End::retry_later;
    out.retry_after = retry_after(header(reply, "retry-after"), now);
  }
  return out;
}

}  // namespace

Result<net::HttpClient*> WebPush::line_to(const webpush::Endpoint& endpoint) {
  const std::string origin = endpoint.origin();
  const auto found = std::find_if(lines_.begin(), lines_.end(), [&](const Line& l) { return l.origin == origin; });
  if (found != lines_.end()) {
    lines_.splice(lines_.begin(), lines_, found);
    return &lines_.front().client;
  }
  net::ClientOptions options;
  options.host = endpoint.host;
  options.port = endpoint.port;
  options.security = endpoint.scheme == webpush::Scheme::https ? net::Security::tls : net::Security::plain;
  options.ca_file = options_.ca_file;
  options.reply_max = kReplyMax;
  lines_.push_front({origin, TRY(net::HttpClient::make(std::move(options)))});
  if (lines_.size() > kLinesMax) lines_.pop_back();
  return &lines_.front().client;
}

Outcome WebPush::send(const webpush::Subscription& to, const Message& message) {
  const Result<webpush::Endpoint> endpoint = ports_.services.admit(to.endpoint);
  if (!endpoint) return {};
  const Result<Bytes> body = encrypt(to, draw_ephemeral(ports_.random), bytes_of(kLook));
  if (!body) return {};
  const Result<net::HttpClient*> line = line_to(*endpoint);
  if (!line) return {.end = End::unreachable};
  net::ClientRequest request;
  request.method = "POST";
  request.target = endpoint->target;
  request.headers = {{"Authorization", ports_.vapid.authorization(endpoint->origin(), ports_.clock.now())},
                     {"Content-Encoding", "aes128gcm"},
                     {"Content-Type", "application/octet-stream"},
                     {"TTL", std::to_string(std::max<std::int64_t>(message.lifetime.count(), 0))},
                     {"Urgency", "high"},
                     {"Topic", std::string(message.topic)}};
  request.body = text_of(*body);
  request.timeout = options_.timeout;
  const Result<net::HttpResponse> reply = (*line)->send(request);
  if (reply) return outcome_of(*reply, ports_.clock.now());
  // malformed: what answers there is no push service.
  return {.end = reply.error().code == Errc::malformed ? End::rejected : End::unreachable};
}

}  // namespace countersign::push
