// links: core_factor
// An assertion is read and verified without end or crash; without the key nobody signs in. The input is the JSON of a
// response, or authenticator data as it stands.
#include <cstdlib>

#include "core/codec/base64.h"
#include "core/factor/webauthn.h"

using namespace countersign;
namespace webauthn = countersign::factor::webauthn;

namespace {

constexpr std::string_view kClientData =
    R"({"type":"webauthn.get","origin":"https://example.org","challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})";
// The generator of P-256 as a COSE key: a right key for whose signature chance would have to be lucky.
constexpr std::string_view kKey =
    "pQECAyYgASFYIGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWIlggT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";

Bytes state() {
  webauthn::Credential c;
  c.id = Bytes(32, 1);
  c.public_key = *codec::from_base64(codec::Base64::url, kKey);
  c.format = "none";
  return webauthn::encode(c);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const ByteView input(bytes, size);
  webauthn::Ceremony ceremony;
  ceremony.rp = {"example.org", {"https://example.org"}, {}};
  ceremony.challenge = Bytes(webauthn::kChallengeSize, 0);
  ceremony.user_verification = webauthn::UserVerification::preferred;

  webauthn::AuthenticationResponse response;
  if (auto read = webauthn::read_authentication(text_of(input))) {
    response = *std::move(read);
  } else {
    response.id = Bytes(32, 1);
    response.client_data.assign(kClientData.begin(), kClientData.end());
    response.authenticator_data.assign(input.begin(), input.end());
    response.signature = Bytes{0x30, 6, 2, 1, 1, 2, 1, 1};
  }
  const auto proven = webauthn::verify_authentication(state(), ceremony, {}, response);
  if (proven) std::abort();
  if (proven.error().code != Errc::malformed && proven.error().code != Errc::refused) std::abort();
  return 0;
}
