#include "faces/device/wire.h"

#include <charconv>
#include <initializer_list>

#include "core/codec/base32.h"
#include "core/codec/base64.h"
#include "core/codec/form.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "core/codec/utf8.h"
#include "core/crypto/hash.h"
#include "faces/device/signature.h"

namespace countersign::device {
namespace {

using codec::Json;
using codec::JsonWriter;

// An object in which each of `known` stands once at most.
Result<Json> read_object(std::string_view body, std::initializer_list<std::string_view> known) {
  Json json = TRY(codec::parse_json(body, kBodyMax));
  if (!json.is_object()) return Error{Errc::malformed, "the body is not a JSON object"};
  for (const std::string_view key : known) {
    if (json.count(key) > 1) return Error{Errc::malformed, "'" + std::string(key) + "' stands twice"};
  }
  return json;
}

Error bad_member(std::string_view key, std::string_view what) {
  return Error{Errc::malformed, "'" + std::string(key) + "' " + std::string(what)};
}

// Text of 1 to `max` bytes without control characters.
Result<std::string> text_member(const Json& object, std::string_view key, std::size_t max) {
  const Json* const member = object.find(key);
  if (!member || !member->is_string()) return bad_member(key, "must be a string");
  const std::string text(TRY(member->as_string()));
  if (text.empty() || text.size() > max) return bad_member(key, "must have 1 to " + std::to_string(max) + " bytes");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return bad_member(key, "must not hold control characters");
  }
  return text;
}

// The same, but absent, null and "" are all the empty text.
Result<std::string> optional_member(const Json& object, std::string_view key, std::size_t max) {
  const Json* const member = object.find(key);
  if (!member || member->is_null()) return std::string();
  if (const Result<std::string_view> text = member->as_string(); text && text->empty()) return std::string();
  return text_member(object, key, max);
}

Result<Bytes> bytes_member(const Json& object, std::string_view key, std::size_t size) {
  const Json* const member = object.find(key);
  if (!member || !member->is_string()) return bad_member(key, "must be a string");
  Result<Bytes> bytes = codec::from_base64(codec::Base64::url, TRY(member->as_string()));
  if (!bytes || bytes->size() != size) {
    return bad_member(key, "must be " + std::to_string(size) + " bytes in base64url without padding");
  }
  return bytes;
}

constexpr std::size_t kPointSize = 65;  // SEC 1 §2.3.3, uncompressed
constexpr int kTotpDigits = 6, kTotpPeriod_s = 30;

}  // namespace

void write_members(JsonWriter& w, const flow::PendingRequest& request) {
  w.key("id").string(request.id.text());
  w.key("application").string(request.application);
  w.key("type").string(request.type);
  w.key("username").string(request.username);
  w.key("address").string(request.address);
  w.key("browser").string(request.browser);
  w.key("os").string(request.os);
  w.key("info").begin_array();
  for (const auto& [key, value] : request.pushinfo) w.begin_array().string(key).string(value).end_array();
  w.end_array();
  w.key("digits").integer(request.digits);
  w.key("created").integer(unix_s(request.created));
  w.key("expires").integer(unix_s(request.expires));
}

Result<flow::ActivateRequest> read_activate(std::string_view body) {
  const Json json = TRY(read_object(body, {"code", "public_key", "platform"}));
  flow::ActivateRequest out;
  out.code = Secret(TRY(text_member(json, "code", kCodeMax)));
  out.public_key = TRY(bytes_member(json, "public_key", kPointSize));
  out.platform = TRY(optional_member(json, "platform", kPlatformMax));
  return out;
}

Result<AnswerBody> read_answer(std::string_view body) {
  const Json json = TRY(read_object(body, {"decision", "number", "signature"}));
  AnswerBody out;
  const std::string decision = TRY(text_member(json, "decision", kNumberMax));
  const Result<factor::push::Decision> known = factor::push::decision(decision);
  if (!known) return bad_member("decision", "must be approve, deny or fraud");
  out.decision = *known;
  out.number = TRY(optional_member(json, "number", kNumberMax));
  out.signature = TRY(bytes_member(json, "signature", kSignatureSize));
  return out;
}

Result<seconds> read_wait(std::string_view query) {
  const Error bad{Errc::malformed, "wait must be a number from 0 to " + std::to_string(kWaitMax.count())};
  std::optional<seconds> wait;
  for (const auto& [name, value] : TRY(codec::parse_form(query))) {
    if (name != "wait") continue;
    int n = 0;
    const char* const end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, n);
    if (wait || error != std::errc() || stop != end || n < 0 || n > kWaitMax.count()) return bad;
    wait = seconds(n);
  }
  return wait.value_or(seconds(0));
}

std::string write_activated(const flow::Activated& activated, std::string_view server) {
  JsonWriter w;
  w.begin_object();
  w.key("device_id").string(activated.phone.id.text());
  w.key("tenant").string(activated.tenant_name);
  w.key("username").string(activated.username);
  w.key("server").string(server);
  w.key("totp").begin_object();
  w.key("secret").string(codec::secret_to_base32(activated.totp_secret).reveal());
  w.key("digits").integer(kTotpDigits);
  w.key("period").integer(kTotpPeriod_s);
  w.end_object().end_object();
  return w.take();
}

std::string write_requests(const std::vector<flow::PendingRequest>& requests) {
  JsonWriter w;
  w.begin_object().key("requests").begin_array();
  for (const flow::PendingRequest& request : requests) {
    w.begin_object();
    write_members(w, request);
    w.end_object();
  }
  w.end_array().end_object();
  return w.take();
}

std::string write_standing(const flow::Standing& standing) {
  JsonWriter w;
  w.begin_object();
  w.key("state").string(signin::name(standing.state));
  w.key("reason").string(standing.reason);
  w.end_object();
  return w.take();
}

std::string write_account(const Phone& phone, const flow::DeviceAccount& account, std::string_view server) {
  JsonWriter w;
  w.begin_object();
  w.key("device_id").string(phone.id.text());
  w.key("tenant").string(account.tenant_name);
  w.key("username").string(account.username);
  w.key("server").string(server);
  w.key("name").string(phone.name);
  w.key("platform").string(phone.platform);
  w.end_object();
  return w.take();
}

std::string write_push_key(std::string_view key) {
  JsonWriter w;
  w.begin_object().key("key").string(key).end_object();
  return w.take();
}

std::string write_subscribed(std::string_view standing) {
  JsonWriter w;
  w.begin_object().key("state").string(standing).end_object();
  return w.take();
}

std::string write_notices(const std::vector<flow::Notice>& notices) {
  JsonWriter w;
  w.begin_object().key("notices").begin_array();
  for (const flow::Notice& notice : notices) {
    w.begin_object().key("id").string(notice.id).key("kind").string(notice.kind);
    w.key("text").string(notice.text).key("created").integer(unix_s(notice.created)).end_object();
  }
  w.end_array().end_object();
  return w.take();
}

std::string write_error(std::string_view code, std::string_view message, std::optional<Instant> server_time) {
  JsonWriter w;
  w.begin_object().key("error").string(code).key("message").string(message);
  if (server_time) w.key("server_time").integer(unix_s(*server_time));
  w.end_object();
  return w.take();
}

}  // namespace countersign::device
