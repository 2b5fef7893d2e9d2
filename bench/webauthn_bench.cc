// links: core_factor
// What one passkey costs, beside the signature check that nothing can do without: ratios, not seconds. The direction is
// 20,000 ES256 assertions a second and core.
#include <benchmark/benchmark.h>

#include "core/factor/webauthn.h"
#include "testing/virtual_authenticator.h"

namespace {

using namespace countersign;
namespace webauthn = countersign::factor::webauthn;

const std::string kOrigin = "https://mfa.example";

webauthn::Ceremony ceremony() {
  webauthn::Ceremony out;
  out.rp = {"mfa.example", {kOrigin}, {}};
  out.challenge = Bytes(webauthn::kChallengeSize, 7);
  out.now = from_unix_s(1'760'000'000);
  return out;
}

std::string registered(testing::VirtualAuthenticator& device, testing::Attest attest) {
  device.attest = attest;
  webauthn::CreationOptions options;
  options.person = {Bytes(16, 1), "ada", "Ada"};
  return device.create(webauthn::creation_options_json(ceremony(), options), kOrigin);
}

void verify_registration(benchmark::State& state, testing::Attest attest) {
  testing::VirtualAuthenticator device;
  const std::string json = registered(device, attest);
  for (auto _ : state) {
    const auto response = webauthn::read_registration(json);
    if (!webauthn::verify_registration(ceremony(), *response, {})) state.SkipWithError("not verified");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(verify_registration, none, testing::Attest::none);
BENCHMARK_CAPTURE(verify_registration, packed_x5c, testing::Attest::packed_x5c);

// From the posted JSON to the next state.
void verify_authentication_es256(benchmark::State& state) {
  testing::VirtualAuthenticator device;
  const auto response = webauthn::read_registration(registered(device, testing::Attest::none));
  const Bytes stored = webauthn::encode(*webauthn::verify_registration(ceremony(), *response, {}));
  const std::string json = device.get(webauthn::request_options_json(ceremony(), {}), kOrigin);
  const Bytes user(16, 1);
  for (auto _ : state) {
    const auto assertion = webauthn::read_authentication(json);
    if (!webauthn::verify_authentication(stored, ceremony(), user, *assertion)) state.SkipWithError("not verified");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(verify_authentication_es256);

// The floor: one verification, and one with the key made anew, as each assertion needs.
void verify_signature_alone(benchmark::State& state, bool new_key) {
  testing::SeededRandom random;
  const auto key = crypto::Es256Key::generate(random);
  const Bytes message(100, 1), signature = testing::der::es256(key, message);
  const Bytes point = key.public_key().point();
  const ByteView x = ByteView(point).subspan(1, 32), y = ByteView(point).subspan(33);
  const auto ready = *crypto::VerifyKey::ec(crypto::VerifyKey::Curve::p256, x, y);
  for (auto _ : state) {
    const auto used = new_key ? *crypto::VerifyKey::ec(crypto::VerifyKey::Curve::p256, x, y) : ready;
    if (!used.verify(crypto::CoseAlgorithm::es256, message, signature)) state.SkipWithError("not verified");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(verify_signature_alone, key_ready, false);
BENCHMARK_CAPTURE(verify_signature_alone, key_new, true);

}  // namespace

BENCHMARK_MAIN();
