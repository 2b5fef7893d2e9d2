// links: core_history
// Sealed history: rows written and opened a second on one core, and what an epoch costs to begin and to open.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <random>

#include "core/history/blind_index.h"
#include "core/history/epoch.h"

namespace countersign::history {
namespace {

// As cheap as a buffered system source, so that sealing is measured and not the kernel.
class FastRandom : public Random {
  std::mt19937_64 engine_{1};

 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& b : out) b = static_cast<std::uint8_t>(engine_());
  }
};

// An epoch for two recipients.
struct Epoch {
  FastRandom random;
  crypto::X25519Key service = crypto::X25519Key::generate(random), tenant = crypto::X25519Key::generate(random);
  Secret day = day_key(random_bytes(random, 32), 20'526), key{ByteView(random_bytes(random, kEpochKeySize))};
  EpochHeader header;

  Epoch() {
    header.tenant = TenantId::trusted("DA23456789ABCDEFGHJK");
    header.day = 20'526;
    header.writer = "node1-1773446400";
    begin();
  }
  void begin() {
    if (!wrap(header, key, {service.public_key(), tenant.public_key()}, day.reveal_bytes(), random)) std::abort();
  }
};

const std::string kOpen(80, 'o'), kText(280, 't');

void row_seal(benchmark::State& state) {
  const Epoch epoch;
  const EpochKey key = *EpochKey::make(epoch.header, epoch.key);
  std::uint64_t number = 0;
  for (auto _ : state) benchmark::DoNotOptimize(key.seal(number++ % kEpochRowsMax, kOpen, kText));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(row_seal);

void row_open(benchmark::State& state) {
  const Epoch epoch;
  const EpochKey key = *EpochKey::make(epoch.header, epoch.key);
  const Bytes row = *key.seal(7, kOpen, kText);
  for (auto _ : state) {
    if (!key.open(kOpen, row)) std::abort();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(row_open);

void row_tag(benchmark::State& state) {
  const Secret key = index_key(Secret(ByteView(Bytes(kEpochKeySize, 1))));
  for (auto _ : state) benchmark::DoNotOptimize(tag(key, IndexedField::number, "+14155550100", 12));
}
BENCHMARK(row_tag);

void epoch_begin(benchmark::State& state) {
  Epoch epoch;
  for (auto _ : state) epoch.begin();
}
BENCHMARK(epoch_begin);

void epoch_open(benchmark::State& state) {
  const Epoch epoch;
  for (auto _ : state) {
    const auto key = unwrap(epoch.header, epoch.service, epoch.day.reveal_bytes());
    if (!key || !EpochKey::make(epoch.header, *key)) std::abort();
  }
}
BENCHMARK(epoch_open);

}  // namespace
}  // namespace countersign::history

BENCHMARK_MAIN();
