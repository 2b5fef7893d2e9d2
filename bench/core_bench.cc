// links: keys core_policy
// What one authentication asks of factors, policy and keys, warm and, for tenants beyond the cache, cold.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "core/factor/totp.h"
#include "core/policy/decide.h"
#include "keys/local.h"

namespace countersign {
namespace {

const Instant kNow = from_unix_s(1'700'000'010);

// As cheap as a buffered system source, so that keys are measured and not the kernel.
class FastRandom : public Random {
  std::mt19937_64 engine_{1};

 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& b : out) b = static_cast<std::uint8_t>(engine_());
  }
};

std::unique_ptr<keys::LocalKeys> make_keys(Random& random) {
  std::string folder = (std::filesystem::temp_directory_path() / "countersign-bench-XXXXXX").string();
  if (!::mkdtemp(folder.data())) std::abort();
  const std::string file = folder + "/root.key";
  if (!keys::LocalKeys::create(file, random)) std::abort();
  auto opened = *keys::LocalKeys::open(file, random);
  std::filesystem::remove_all(folder);
  return opened;
}

Secret seed() { return Secret("12345678901234567890"); }

void totp_verify(benchmark::State& state) {
  const Bytes enrolled = *factor::totp::enrol(seed(), {});
  const Secret code(*factor::totp::code_at(seed(), {}, kNow));
  for (auto _ : state) benchmark::DoNotOptimize(factor::totp::verify(enrolled, code, kNow));
}
BENCHMARK(totp_verify);

void verify_signature(benchmark::State& state) {
  FastRandom random;
  const auto keys = make_keys(random);
  const std::string secret(40, 's'), canonical(300, 'c');
  Application app;
  app.tenant = TenantId::trusted("DA23456789ABCDEFGHJK");
  app.id = AppId::trusted("DI23456789ABCDEFGHJK");
  app.sealed_secret = *keys->seal({app.tenant, "apps", "secret_key", app.id.text()}, Secret(std::string_view(secret)));
  const auto hash = static_cast<crypto::HashKind>(state.range(0));
  const Bytes mac = crypto::hmac(hash, bytes_of(secret), bytes_of(canonical));
  for (auto _ : state) {
    if (!*keys->verify_signature(&app, hash, {canonical}, mac)) std::abort();
  }
}
BENCHMARK(verify_signature)->Arg(static_cast<int>(crypto::HashKind::sha1))->Arg(
    static_cast<int>(crypto::HashKind::sha512));

void verify_passcode(benchmark::State& state) {
  FastRandom random;
  const auto keys = make_keys(random);
  Enrolment e;
  e.tenant = TenantId::trusted("DA23456789ABCDEFGHJK");
  e.id = EnrolmentId::trusted("DH23456789ABCDEFGHJK");
  e.kind = "totp";
  const Bytes plain = *factor::totp::enrol(seed(), {});
  e.sealed_state = *keys->seal({e.tenant, "enrolments", "state", e.id.text()}, Secret(ByteView(plain)));
  const Secret code(*factor::totp::code_at(seed(), {}, kNow));
  for (auto _ : state) {
    if (!keys->match_passcode({e}, code, kNow)) std::abort();
  }
}
BENCHMARK(verify_passcode);

void push_number(benchmark::State& state) {
  FastRandom random;
  const auto keys = make_keys(random);
  const TenantId tenant = TenantId::trusted("DA23456789ABCDEFGHJK");
  const AttemptId attempt = AttemptId::make(random);
  for (auto _ : state) benchmark::DoNotOptimize(keys->push_number(tenant, attempt, 3));
}
BENCHMARK(push_number);

void decide(benchmark::State& state) {
  policy::Policy tenant;
  if (!policy::set(tenant, "no_2fa_required", "10.0.0.0/8,192.0.2.0/24,2001:db8::/32")) std::abort();
  const std::string stored = policy::encode(tenant);
  User user;
  std::vector<Enrolment> enrolments(1);
  enrolments[0].kind = "totp";
  for (auto _ : state) {
    const policy::Effective effective = policy::merge({}, {}, *policy::decode(stored));
    benchmark::DoNotOptimize(policy::decide(effective, {&user, &enrolments, "203.0.113.7", false}, kNow));
  }
}
BENCHMARK(decide);

}  // namespace
}  // namespace countersign

BENCHMARK_MAIN();
