// links: core_factor
// A registration is read and verified without end or crash, and what is accepted is kept as it was read. The input is
// the JSON of a response, or an attestation object as it stands; client data may be made to fit, so that every format's
// reader is reached without a valid ceremony around it.
#include <cstdlib>

#include "core/codec/base64.h"
#include "core/crypto/hash.h"
#include "core/factor/webauthn.h"

using namespace countersign;
namespace webauthn = countersign::factor::webauthn;

namespace {

constexpr std::string_view kRpId = "example.org";

webauthn::Ceremony ceremony() {
  webauthn::Ceremony out;
  out.rp = {std::string(kRpId), {"https://example.org"}, {}};
  out.challenge = Bytes(webauthn::kChallengeSize, 0);
  out.user_verification = webauthn::UserVerification::preferred;
  out.now = from_unix_s(1'760'000'000);
  return out;
}

void check(const Result<webauthn::Credential>& credential) {
  if (!credential) {
    if (credential.error().code != Errc::malformed && credential.error().code != Errc::refused) std::abort();
    return;
  }
  const Bytes state = webauthn::encode(*credential);
  const auto back = webauthn::decode(state);
  if (!back || webauthn::encode(*back) != state) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const ByteView input(bytes, size);
  if (const auto response = webauthn::read_registration(text_of(input))) {
    check(webauthn::verify_registration(ceremony(), *response, {}));
    return 0;
  }
  webauthn::RegistrationResponse made;
  const std::string challenge = codec::to_base64(codec::Base64::url, ceremony().challenge);
  const std::string client_data =
      R"({"type":"webauthn.create","origin":"https://example.org","challenge":")" + challenge + R"("})";
  made.client_data.assign(client_data.begin(), client_data.end());
  made.attestation_object.assign(input.begin(), input.end());
  made.id = Bytes(32, 1);
  check(webauthn::verify_registration(ceremony(), made, {}));
  return 0;
}
