// links: core_ledger
// What the ledger's trees cost: five million events appended, and a whole tree verified from its entries; then the
// single steps of writing an event and of proving one.
#include <benchmark/benchmark.h>

#include <random>

#include "core/ledger/event.h"
#include "core/ledger/merkle.h"
#include "core/ledger/note.h"
#include "core/ledger/tiles.h"

namespace {

using namespace countersign;
using namespace countersign::ledger;

constexpr std::uint64_t kLeaves = 5'000'000;  // security.md §2.3: the reads of the incident's month
constexpr std::size_t kNumberDigits = 8;

Event read_event() {
  Event event;
  event.at = from_unix_ms(1'775'034'764'120);
  event.node = "________";  // the entry's number goes here
  event.tenant = *TenantId::parse("DA23456789ABCDEFGHJK");
  event.actor = {"api_key", "DIAAAAAAAAAAAAAAAAAA", "DIAAAAAAAAAAAAAAAAAA", "", "", "198.51.100.7"};
  event.purpose = "log_api";
  event.object = "authentication";
  event.query = R"({"limit":100,"mintime":1775000000000,"maxtime":1775034764120})";
  event.rows = {{"0123456789abcdef0123456789abcdef", "0-99", 100}};
  event.count = 100;
  return event;
}

// Entry `n`, the same each time it is asked for.
class Entries {
  std::string text_ = *encode(read_event());
  std::size_t at_ = text_.find("________");

 public:
  const std::string& operator[](std::uint64_t n) {
    for (std::size_t i = kNumberDigits; i-- > 0; n /= 10) text_[at_ + i] = static_cast<char>('0' + n % 10);
    return text_;
  }
};

const Hash& root_of_all() {
  static const Hash root = [] {
    Entries entries;
    Edge edge;
    for (std::uint64_t n = 0; n < kLeaves; ++n) edge.append(leaf_hash(bytes_of(entries[n])));
    return edge.root();
  }();
  return root;
}

void append_5_million(benchmark::State& state) {
  for (auto _ : state) {
    Entries entries;
    Edge edge;
    std::uint64_t nodes = 0;
    for (std::uint64_t n = 0; n < kLeaves; ++n) {
      edge.append(leaf_hash(bytes_of(entries[n])), [&](const Node&, const Hash&) { ++nodes; });
    }
    if (edge.size() != kLeaves || nodes >= kLeaves) state.SkipWithError("not the tree it should be");
    benchmark::DoNotOptimize(edge.root());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(kLeaves) * state.iterations());
}
BENCHMARK(append_5_million)->Unit(benchmark::kSecond)->Iterations(1);

// As a verifier does it: bundles of entries in, leaves hashed, the root compared; then with one bit of one entry
// changed and with one entry dropped.
Hash root_of_bundles(Entries& entries, std::uint64_t changed, std::uint64_t dropped) {
  Edge edge;
  std::vector<std::string> some;
  for (std::uint64_t n = 0; n < kLeaves;) {
    some.clear();
    for (; n < kLeaves && some.size() < static_cast<std::size_t>(kTileWidth); ++n) {
      if (n == dropped) continue;
      some.push_back(entries[n]);
      if (n == changed) some.back()[20] ^= 1;
    }
    const Bytes bundle = *encode_bundle(some);
    const auto read = *decode_bundle(bundle, static_cast<int>(some.size()));
    for (const std::string& entry : read) edge.append(leaf_hash(bytes_of(entry)));
  }
  return edge.root();
}

void verify_5_million_from_bundles(benchmark::State& state) {
  const Hash root = root_of_all();
  for (auto _ : state) {
    Entries entries;
    if (root_of_bundles(entries, kLeaves, kLeaves) != root) state.SkipWithError("the tree does not verify");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(kLeaves) * state.iterations());
}
BENCHMARK(verify_5_million_from_bundles)->Unit(benchmark::kSecond)->Iterations(1);

void refuse_one_leaf_of_5_million(benchmark::State& state) {
  const Hash root = root_of_all();
  std::mt19937_64 random(1);
  for (auto _ : state) {
    Entries entries;
    if (root_of_bundles(entries, random() % kLeaves, kLeaves) == root) state.SkipWithError("a flipped bit passed");
    if (root_of_bundles(entries, kLeaves, random() % kLeaves) == root) state.SkipWithError("a dropped leaf passed");
  }
}
BENCHMARK(refuse_one_leaf_of_5_million)->Unit(benchmark::kSecond)->Iterations(1);

void event_encode(benchmark::State& state) {
  const Event event = read_event();
  for (auto _ : state) benchmark::DoNotOptimize(encode(event));
}
BENCHMARK(event_encode);

void event_decode(benchmark::State& state) {
  const std::string text = *encode(read_event());
  for (auto _ : state) benchmark::DoNotOptimize(decode_event(text));
}
BENCHMARK(event_decode);

void event_leaf_hash(benchmark::State& state) {
  const std::string text = *encode(read_event());
  for (auto _ : state) benchmark::DoNotOptimize(leaf_hash(bytes_of(text)));
}
BENCHMARK(event_leaf_hash);

void inclusion_verify_of_5_million(benchmark::State& state) {
  const Nodes nodes = [](const Node&) -> Result<Hash> { return Hash{}; };
  const auto proof = *inclusion_proof(1'234'567, kLeaves, nodes);
  for (auto _ : state) {
    benchmark::DoNotOptimize(verify_inclusion(Hash{}, 1'234'567, {kLeaves, Hash{}}, proof));
  }
  state.counters["hashes"] = static_cast<double>(proof.size());
}
BENCHMARK(inclusion_verify_of_5_million);

void checkpoint_verify_with_3_cosignatures(benchmark::State& state) {
  const std::string text = "countersign/x\n5000000\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
  Note note{text, {}};
  std::vector<VerifierKey> keys;
  for (std::uint8_t i = 0; i < 4; ++i) {
    const auto key = *crypto::Ed25519Key::from_seed(Bytes(32, i));
    const auto type = i == 0 ? KeyType::ed25519 : KeyType::cosignature;
    keys.push_back(*VerifierKey::make("w" + std::to_string(i), type, key.public_key()));
    note.signatures.push_back(i == 0 ? *sign_note(text, keys[i], sign_with(key))
                                     : *cosign(text, 1'775'000'000, keys[i], sign_with(key)));
  }
  const std::string printed = print(note);
  for (auto _ : state) {
    if (!verify_note(*parse_note(printed), keys)) state.SkipWithError("it does not verify");
  }
}
BENCHMARK(checkpoint_verify_with_3_cosignatures);

}  // namespace

BENCHMARK_MAIN();
