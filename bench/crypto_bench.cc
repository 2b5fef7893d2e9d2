// links: core_codec core_crypto
// What one authentication spends in core/crypto and core/codec: the floors under the promise of design section 7.
#include <benchmark/benchmark.h>

#include <random>

#include "core/codec/base32.h"
#include "core/codec/base64.h"
#include "core/codec/form.h"
#include "core/codec/hex.h"
#include "core/codec/http_date.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "core/crypto/aead.h"
#include "core/crypto/hkdf.h"
#include "core/crypto/mac.h"
#include "core/crypto/otp.h"
#include "core/crypto/sign.h"
#include "testing/seeded_random.h"

namespace {

using namespace countersign;
using crypto::HashKind;

const std::string kText250(250, 'x');

void hmac_sha512_250_bytes(benchmark::State& state) {
  const crypto::MacKey key(HashKind::sha512, bytes_of("0123456789abcdefghijklmnopqrstuvwxyzABCD"));
  for (auto _ : state) benchmark::DoNotOptimize(key.mac(bytes_of(kText250)));
}
BENCHMARK(hmac_sha512_250_bytes);

void hmac_sha512_new_key(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(crypto::hmac(HashKind::sha512, bytes_of("0123456789abcdefghij"), bytes_of(kText250)));
  }
}
BENCHMARK(hmac_sha512_new_key);

void totp_sha1_code(benchmark::State& state) {
  const crypto::MacKey key(HashKind::sha1, bytes_of("12345678901234567890"));
  std::uint64_t counter = 0;
  for (auto _ : state) benchmark::DoNotOptimize(crypto::otp_text(crypto::hotp_value(key, ++counter), 6));
}
BENCHMARK(totp_sha1_code);

void aes_gcm_seal_200_bytes(benchmark::State& state) {
  const auto key = crypto::AeadKey::from_bytes(Bytes(32, 1));
  const Bytes nonce(12), plain(200);
  for (auto _ : state) benchmark::DoNotOptimize(key->seal(nonce, bytes_of("place"), plain));
}
BENCHMARK(aes_gcm_seal_200_bytes);

void aes_gcm_open_200_bytes(benchmark::State& state) {
  const auto key = crypto::AeadKey::from_bytes(Bytes(32, 1));
  const Bytes nonce(12), sealed = key->seal(nonce, bytes_of("place"), Bytes(200));
  for (auto _ : state) benchmark::DoNotOptimize(key->open(nonce, bytes_of("place"), sealed));
}
BENCHMARK(aes_gcm_open_200_bytes);

void hkdf_sha256_32_bytes(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(crypto::hkdf(bytes_of("secret"), bytes_of("salt"), bytes_of("i"), 32));
}
BENCHMARK(hkdf_sha256_32_bytes);

void es256_sign(benchmark::State& state) {
  testing::SeededRandom random;
  const auto key = crypto::Es256Key::generate(random);
  for (auto _ : state) benchmark::DoNotOptimize(key.sign(bytes_of(kText250)));
}
BENCHMARK(es256_sign);

void es256_verify(benchmark::State& state) {
  testing::SeededRandom random;
  const auto key = crypto::Es256Key::generate(random);
  const Bytes signature = key.sign(bytes_of(kText250));
  const auto public_key = key.public_key();
  for (auto _ : state) benchmark::DoNotOptimize(public_key.verify(bytes_of(kText250), signature));
}
BENCHMARK(es256_verify);

void form_11_pairs(benchmark::State& state) {
  const std::string text =
      "username=alice%40example.test&factor=passcode&passcode=123456&ipaddr=192.0.2.7&hostname=web%201&async=0"
      "&type=Log+in&display_username=Alice&pushinfo=from%3Dlogin&device=auto&trusted_device_token=";
  for (auto _ : state) benchmark::DoNotOptimize(codec::parse_form(text));
}
BENCHMARK(form_11_pairs);

void json_write_300_bytes(benchmark::State& state) {
  for (auto _ : state) {
    codec::JsonWriter w;
    w.begin_object().key("stat").string("OK").key("response").begin_object();
    w.key("result").string("allow").key("status").string("allow").key("status_msg").string("Success. Logging you in.");
    w.key("trusted_device_token").string("REkxMjM0NTY3ODkwMTIzNDU2Nzg5MEVhbmRzb21lbW9yZQ");
    w.key("timestamp").integer(1700000000);
    w.key("devices").begin_array();
    for (const char* device : {"DPABCDEFGHIJ12345678", "DPABCDEFGHIJ12345679"}) {
      w.begin_object().key("device").string(device).key("type").string("phone").end_object();
    }
    w.end_array().end_object().end_object();
    benchmark::DoNotOptimize(w.take());
  }
}
BENCHMARK(json_write_300_bytes);

void json_read_400_bytes(benchmark::State& state) {
  const std::string text =
      R"({"username":"alice@example.test","factor":"passcode","passcode":"123456","ipaddr":"192.0.2.7","async":"0",)"
      R"("hostname":"web 1","pushinfo":{"from":"login portal","place":"somewhere","ratio":1.5,"list":[1,2,3,4]},)"
      R"("type":"Log in","display_username":"Alice","device":"auto","trusted_device_token":"","flag":true,"n":null})";
  for (auto _ : state) benchmark::DoNotOptimize(codec::parse_json(text));
}
BENCHMARK(json_read_400_bytes);

void hex_64_bytes(benchmark::State& state) {
  const Bytes bytes(64, 0xa5);
  for (auto _ : state) benchmark::DoNotOptimize(codec::to_hex(bytes));
}
BENCHMARK(hex_64_bytes);

void hex_64_bytes_read(benchmark::State& state) {
  const std::string text(128, 'a');
  for (auto _ : state) benchmark::DoNotOptimize(codec::from_hex(text));
}
BENCHMARK(hex_64_bytes_read);

void base64_300_bytes(benchmark::State& state) {
  const Bytes bytes(300, 0xa5);
  for (auto _ : state) benchmark::DoNotOptimize(codec::to_base64(codec::Base64::url, bytes));
}
BENCHMARK(base64_300_bytes);

void base64_300_bytes_read(benchmark::State& state) {
  const std::string text(400, 'a');
  for (auto _ : state) benchmark::DoNotOptimize(codec::from_base64(codec::Base64::padded, text));
}
BENCHMARK(base64_300_bytes_read);

void http_date_read(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(codec::parse_http_date("Tue, 21 Aug 2012 17:29:18 -0000"));
}
BENCHMARK(http_date_read);

}  // namespace

BENCHMARK_MAIN();
