// What a browser posts: RegistrationResponseJSON and AuthenticationResponseJSON (WebAuthn Level 3 §5.1.8.1).
#include "core/codec/base64.h"
#include "core/codec/json_read.h"
#include "core/factor/webauthn_parts.h"

namespace countersign::factor::webauthn {
namespace {

constexpr std::size_t kResponseBytesMax = 64 * 1024;

Error malformed(std::string_view what) { return {Errc::malformed, std::string(what)}; }

// A member that may be missing or null; nullptr where it is. malformed: it stands twice.
Result<const codec::Json*> once(const codec::Json& object, std::string_view name) {
  if (object.count(name) > 1) return malformed(std::string(name) + " stands twice");
  const codec::Json* found = object.find(name);
  return found && found->is_null() ? nullptr : found;
}

Result<const codec::Json*> needed(const codec::Json& object, std::string_view name) {
  const codec::Json* found = TRY(once(object, name));
  if (!found) return malformed(std::string(name) + " is missing");
  return found;
}

Result<Bytes> bytes_member(const codec::Json& object, std::string_view name) {
  const codec::Json* found = TRY(needed(object, name));
  const std::string_view text = TRY(found->as_string());
  return codec::from_base64(codec::Base64::url, text);
}

struct Envelope {
  codec::Json json;
  Bytes id;
  const codec::Json* response = nullptr;
};

// What both have in common. clientExtensionResults are not read: nothing is granted on their strength.
Result<Envelope> read_envelope(std::string_view text) {
  if (text.size() > kResponseBytesMax) return malformed("a response over 64 KiB");
  Envelope out;
  out.json = TRY(codec::parse_json(text, kResponseBytesMax));
  if (!out.json.is_object()) return malformed("a response that is no object");
  out.id = TRY(bytes_member(out.json, "id"));
  if (out.id.empty()) return malformed("a credential without an id");
  const Bytes raw_id = TRY(bytes_member(out.json, "rawId"));
  if (raw_id != out.id) return malformed("rawId is not id");
  const codec::Json* type = TRY(needed(out.json, "type"));
  const std::string_view type_name = TRY(type->as_string());
  if (type_name != "public-key") return malformed("a credential of another type");
  out.response = TRY(needed(out.json, "response"));
  if (!out.response->is_object()) return malformed("response is no object");
  return out;
}

// §5.8.4: values that are not known are kept as they are; they come back in excludeCredentials and allowCredentials.
Result<std::vector<std::string>> read_transports(const codec::Json& response) {
  std::vector<std::string> out;
  const codec::Json* list = TRY(once(response, "transports"));
  if (!list) return out;
  if (!list->is_array() || list->items().size() > kTransportsMax) return malformed("transports of another form");
  for (const codec::Json& item : list->items()) {
    const std::string_view name = TRY(item.as_string());
    if (name.empty() || name.size() > kTransportLengthMax) return malformed("a transport of another form");
    for (const char c : name) {
      if (c < '!' || c > '~') return malformed("a transport of another form");
    }
    out.emplace_back(name);
  }
  return out;
}

// §5.4.5: values that are not known count as missing.
Result<std::optional<Attachment>> read_attachment(const codec::Json& json) {
  const codec::Json* found = TRY(once(json, "authenticatorAttachment"));
  if (!found) return std::optional<Attachment>();
  const std::string_view name = TRY(found->as_string());
  if (name == "platform") return std::optional(Attachment::platform);
  if (name == "cross-platform") return std::optional(Attachment::roaming);
  return std::optional<Attachment>();
}

}  // namespace

Result<RegistrationResponse> read_registration(std::string_view json) {
  Envelope envelope = TRY(read_envelope(json));
  RegistrationResponse out;
  out.client_data = TRY(bytes_member(*envelope.response, "clientDataJSON"));
  out.attestation_object = TRY(bytes_member(*envelope.response, "attestationObject"));
  out.transports = TRY(read_transports(*envelope.response));
  out.attachment = TRY(read_attachment(envelope.json));
  out.id = std::move(envelope.id);
  return out;
}

Result<AuthenticationResponse> read_authentication(std::string_view json) {
  Envelope envelope = TRY(read_envelope(json));
  AuthenticationResponse out;
  out.client_data = TRY(bytes_member(*envelope.response, "clientDataJSON"));
  out.authenticator_data = TRY(bytes_member(*envelope.response, "authenticatorData"));
  out.signature = TRY(bytes_member(*envelope.response, "signature"));
  const codec::Json* handle = TRY(once(*envelope.response, "userHandle"));
  if (handle) {
    Bytes bytes = TRY(bytes_member(*envelope.response, "userHandle"));
    if (bytes.size() > kUserHandleMax) return malformed("a user handle over 64 bytes");
    // Some browsers send an empty one for a credential that keeps none.
    if (!bytes.empty()) out.user_handle = std::move(bytes);
  }
  out.id = std::move(envelope.id);
  return out;
}

}  // namespace countersign::factor::webauthn
