#include "faces/reader/wire.h"

#include "core/codec/base64.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"

namespace countersign::reader {
namespace {

using codec::Json;

Error bad_body() { return {Errc::malformed, "the body is not of its form"}; }

// An object with just so many members.
Result<Json> read_object(std::string_view body, std::size_t members) {
  Result<Json> json = codec::parse_json(body, kBodyMax);
  if (!json || json->members().size() != members) return bad_body();
  return json;
}

Result<std::string> text_of(const Json& object, std::string_view key) {
  const Json* const member = object.find(key);
  const Result<std::string_view> text = member ? member->as_string() : Result<std::string_view>(bad_body());
  if (!text || object.count(key) != 1) return bad_body();
  return std::string(*text);
}

Result<Bytes> bytes_of(const Json& object, std::string_view key) {
  const std::string text = TRY(text_of(object, key));
  Result<Bytes> bytes = codec::from_base64(codec::Base64::url, text);
  return bytes ? std::move(bytes) : Result<Bytes>(bad_body());
}

std::string base64(ByteView bytes) { return codec::to_base64(codec::Base64::url, bytes); }

}  // namespace

Result<Secret> read_look(std::string_view body) {
  const Json json = TRY(read_object(body, 1));
  return Secret(TRY(text_of(json, "token")));
}

Result<flow::SlotUpload> read_slot(std::string_view body) {
  constexpr std::size_t kMembers = 6;
  const Json json = TRY(read_object(body, kMembers));
  flow::SlotUpload out;
  out.token = Secret(TRY(text_of(json, "token")));
  out.name = TRY(text_of(json, "name"));
  const Bytes key = TRY(bytes_of(json, "public_key"));
  out.key = TRY(crypto::X25519PublicKey::from_bytes(key));
  out.credential = TRY(bytes_of(json, "credential"));
  out.salt = TRY(bytes_of(json, "salt"));
  out.wrapped = TRY(bytes_of(json, "wrapped"));
  return out;
}

std::string write_invitation(const flow::Invitation& invitation) {
  const bool joins = !invitation.slots.empty();
  codec::JsonWriter w;
  w.begin_object().key("tenant_id").string(invitation.tenant.id.text());
  w.key("tenant_name").string(invitation.tenant.name);
  w.key("public_key").string(joins ? base64(invitation.key.bytes()) : "").key("slots").begin_array();
  for (const store::KeySlot& slot : invitation.slots) {
    w.begin_object().key("slot").string(slot.id).key("kind").string(slot.kind).key("name").string(slot.name);
    w.key("public_key").string(base64(invitation.key.bytes())).key("credential").string(base64(slot.credential));
    w.key("salt").string(base64(slot.salt)).key("wrapped").string(base64(slot.wrapped)).end_object();
  }
  return w.end_array().end_object().take();
}

std::string write_taken(bool new_key) {
  codec::JsonWriter w;
  return w.begin_object().key("new_key").boolean(new_key).end_object().take();
}

std::string write_error(Errc code) {
  codec::JsonWriter w;
  return w.begin_object().key("error").string(name(code)).end_object().take();
}

}  // namespace countersign::reader
