// links: keys
// What the process wall costs: a passcode authentication asks twice, whether the signature is right and whether the
// code is. CPU of both sides a question, at 2 and 16 threads, beside the same inside this process.
//   build/release/keys_bench
#include <benchmark/benchmark.h>
#include <time.h>

#include <array>
#include <memory>

#include "core/crypto/mac.h"
#include "core/factor/totp.h"
#include "testing/keyd.h"
#include "testing/manual_clock.h"

namespace countersign::keys {
namespace {

double cpu_us(pid_t process) {
  clockid_t clock;
  timespec at{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &at) != 0) return 0;
  return static_cast<double>(at.tv_sec) * 1e6 + static_cast<double>(at.tv_nsec) / 1e3;
}

struct World {
  KeyFiles own;
  KernelRandom random;
  testing::ManualClock clock;
  std::unique_ptr<LocalKeys> inside = *LocalKeys::open(own.files, random, clock);
  std::unique_ptr<RemoteKeys> behind = own.remote();
  Application app;
  Enrolment token;
  std::string canonical = std::string(400, 'c');
  Bytes mac;

  World() {
    app.tenant = token.tenant = TenantId::make(random);
    app.id = AppId::make(random);
    app.sealed_secret = *inside->seal({app.tenant, "apps", "secret_key", app.id.text()}, Secret("secret"));
    mac = crypto::hmac(crypto::HashKind::sha512, bytes_of("secret"), bytes_of(canonical));
    token.id = EnrolmentId::make(random);
    token.kind = "totp";
    const Bytes state = *factor::totp::enrol(Secret("12345678901234567890"), {});
    token.sealed_state = *inside->seal({token.tenant, "enrolments", "state", token.id.text()}, Secret(ByteView(state)));
  }
};

World& world() {
  static World only;
  return only;
}

const Instant kNow = from_unix_s(1'700'000'010);

// What an authentication asks.
void authenticate(benchmark::State& state, Keys& keys) {
  World& w = world();
  const std::string code = *factor::totp::code_at(Secret("12345678901234567890"), {}, kNow);
  const double own = cpu_us(::getpid()), theirs = cpu_us(w.behind->process());
  std::int64_t done = 0;
  for (auto _ : state) {
    const bool right = *keys.verify_signature(&w.app, crypto::HashKind::sha512, {w.canonical}, w.mac) &&
                       keys.match_passcode({w.token}, Secret(std::string_view(code)), kNow).has_value();
    if (!right) state.SkipWithError("refused");
    ++done;
  }
  if (state.thread_index() == 0) {  // of all threads, which run for the same time
    const double both = cpu_us(::getpid()) - own + cpu_us(w.behind->process()) - theirs;
    state.counters["cpu_us_both_sides"] = both / static_cast<double>(done * state.threads());
  }
}

void AuthenticationInside(benchmark::State& state) { authenticate(state, *world().inside); }
void AuthenticationBehindTheWall(benchmark::State& state) { authenticate(state, *world().behind); }

void AQuestionBehindTheWall(benchmark::State& state) {
  World& w = world();
  const double own = cpu_us(::getpid()), theirs = cpu_us(w.behind->process());
  std::int64_t done = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(w.behind->push_number(w.app.tenant, AttemptId::trusted("a"), 6));
    ++done;
  }
  if (state.thread_index() == 0) {
    const double both = cpu_us(::getpid()) - own + cpu_us(w.behind->process()) - theirs;
    state.counters["cpu_us_both_sides"] = both / static_cast<double>(done * state.threads());
  }
}

BENCHMARK(AuthenticationInside)->Threads(1)->Threads(2)->Threads(16)->UseRealTime();
BENCHMARK(AuthenticationBehindTheWall)->Threads(1)->Threads(2)->Threads(16)->UseRealTime();
BENCHMARK(AQuestionBehindTheWall)->Threads(1)->Threads(2)->Threads(16)->UseRealTime();

}  // namespace
}  // namespace countersign::keys

int main(int argc, char** argv) {
  using namespace countersign;
  if (argc > 1 && std::string_view(argv[1]) == "keyd") {
    keys::KernelRandom random;
    const testing::ManualClock clock;
    const auto order = keys::read_keyd_words({argv + 2, argv + argc});
    return order ? keys::run_keyd(*order, random, clock) : 2;
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
