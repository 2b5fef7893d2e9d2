#include "core/webpush/subscription.h"

#include <initializer_list>

#include "core/codec/base64.h"
#include "core/codec/fields.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "core/crypto/sign.h"
#include "core/webpush/endpoint.h"

namespace countersign::webpush {
namespace {

constexpr std::string_view kVersion = "1;";

Error bad(std::string_view what) { return {Errc::malformed, std::string(what)}; }

Result<std::string_view> text_member(const codec::Json& object, std::string_view key) {
  const codec::Json* const member = object.find(key);
  if (object.count(key) != 1 || !member->is_string())
    return bad("'" + std::string(key) + "' must stand once, a string");
  return member->as_string();
}

Result<Bytes> bytes_member(const codec::Json& object, std::string_view key, std::size_t size) {
  Result<Bytes> bytes = codec::from_base64(codec::Base64::url, TRY(text_member(object, key)));
  if (!bytes || bytes->size() != size) {
    return bad("'" + std::string(key) + "' must be " + std::to_string(size) + " bytes in base64url without padding");
  }
  return bytes;
}

// Where a message can go and for whom it can be encrypted.
Result<Subscription> checked(Subscription subscription) {
  TRY(parse_endpoint(subscription.endpoint));
  TRY(crypto::Es256PublicKey::from_point(subscription.p256dh));
  if (subscription.auth.size() != kAuthSize) return bad("the authentication secret has 16 bytes");
  return subscription;
}

}  // namespace

Result<Subscription> read_subscription(std::string_view json) {
  const codec::Json object = TRY(codec::parse_json(json, kSubscriptionMax));
  if (!object.is_object()) return bad("the subscription is not a JSON object");
  Subscription out;
  out.endpoint = TRY(text_member(object, "endpoint"));
  const codec::Json* const keys = object.find("keys");
  if (object.count("keys") != 1 || !keys->is_object()) return bad("'keys' must stand once, an object");
  out.p256dh = TRY(bytes_member(*keys, "p256dh", crypto::kP256PointSize));
  const Bytes auth = TRY(bytes_member(*keys, "auth", kAuthSize));
  out.auth = Secret(ByteView(auth));
  return checked(std::move(out));
}

std::string write_subscription(const Subscription& subscription) {
  const auto url64 = [](ByteView bytes) { return codec::to_base64(codec::Base64::url, bytes); };
  codec::JsonWriter w;
  w.begin_object().key("endpoint").string(subscription.endpoint).key("keys").begin_object();
  w.key("p256dh").string(url64(subscription.p256dh)).key("auth").string(url64(subscription.auth.reveal_bytes()));
  w.end_object().end_object();
  return w.take();
}

Secret encode(const Subscription& subscription) {
  codec::FieldWriter out(kVersion);
  out.put(subscription.endpoint);
  out.put(text_of(subscription.p256dh));
  out.put(subscription.auth.reveal());
  return Secret(out.take());
}

Result<Subscription> decode(std::string_view text) {
  codec::FieldReader in(text, kVersion, kSubscriptionMax);
  Subscription out;
  out.endpoint = in.text();
  const ByteView point = bytes_of(in.text());
  out.p256dh.assign(point.begin(), point.end());
  out.auth = Secret(in.text());
  if (!in.whole()) return bad("not a subscription as it was sealed");
  return checked(std::move(out));
}

}  // namespace countersign::webpush
