// What navigator.credentials is asked (WebAuthn Level 3 §5.4, §5.5), as JSON (§5.1.10).
#include "core/codec/base64.h"
#include "core/codec/json_write.h"
#include "core/factor/webauthn_parts.h"

namespace countersign::factor::webauthn {
namespace {

constexpr std::int64_t kTimeoutMs = 300'000;  // §15.1: at least five minutes, so that nobody is hurried

std::string base64(ByteView bytes) { return codec::to_base64(codec::Base64::url, bytes); }

std::string_view name(UserVerification wish) {
  switch (wish) {
    case UserVerification::required: return "required";
    case UserVerification::preferred: return "preferred";
  }
  std::abort();
}

std::string_view name(Attachment attachment) {
  switch (attachment) {
    case Attachment::platform: return "platform";
    case Attachment::roaming: return "cross-platform";
  }
  std::abort();
}

void write(codec::JsonWriter& w, const std::vector<Known>& credentials) {
  w.begin_array();
  for (const Known& credential : credentials) {
    w.begin_object().key("type").string("public-key").key("id").string(base64(credential.id));
    if (!credential.transports.empty()) {
      w.key("transports").begin_array();
      for (const std::string& transport : credential.transports) w.string(transport);
      w.end_array();
    }
    w.end_object();
  }
  w.end_array();
}

}  // namespace

// ES256 first: every authenticator has it. RS256 stands last for TPMs that have nothing else.
const std::vector<crypto::CoseAlgorithm>& algorithms() {
  using enum crypto::CoseAlgorithm;
  static const std::vector<crypto::CoseAlgorithm> kOffered = {es256, eddsa, es384, es512, ed448, rs256};
  return kOffered;
}

std::string creation_options_json(const Ceremony& ceremony, const CreationOptions& options) {
  codec::JsonWriter w;
  w.begin_object();
  w.key("rp").begin_object().key("id").string(ceremony.rp.id).key("name").string(options.rp_name).end_object();
  w.key("user").begin_object().key("id").string(base64(options.person.handle));
  w.key("name").string(options.person.name).key("displayName").string(options.person.display_name).end_object();
  w.key("challenge").string(base64(ceremony.challenge));
  w.key("pubKeyCredParams").begin_array();
  for (const crypto::CoseAlgorithm algorithm : algorithms()) {
    w.begin_object().key("type").string("public-key");
    w.key("alg").integer(static_cast<std::int64_t>(algorithm)).end_object();
  }
  w.end_array();
  w.key("timeout").integer(kTimeoutMs);
  write(w.key("excludeCredentials"), options.exclude);
  w.key("authenticatorSelection").begin_object();
  if (options.attachment) w.key("authenticatorAttachment").string(name(*options.attachment));
  w.key("residentKey").string("preferred").key("requireResidentKey").boolean(false);
  w.key("userVerification").string(name(ceremony.user_verification)).end_object();
  w.key("attestation").string(options.direct_attestation ? "direct" : "none");
  w.end_object();
  return w.take();
}

std::string request_options_json(const Ceremony& ceremony, const std::vector<Known>& allow) {
  codec::JsonWriter w;
  w.begin_object();
  w.key("challenge").string(base64(ceremony.challenge));
  w.key("timeout").integer(kTimeoutMs);
  w.key("rpId").string(ceremony.rp.id);
  write(w.key("allowCredentials"), allow);
  w.key("userVerification").string(name(ceremony.user_verification));
  w.end_object();
  return w.take();
}

}  // namespace countersign::factor::webauthn
