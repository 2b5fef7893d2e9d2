#include "core/history/canary.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/history/wire.h"

namespace countersign::history {
namespace {

Bytes mac_of(const crypto::MacKey& key, std::string_view what, std::uint64_t number) {
  Bytes place;
  put(place, number);
  const std::array<ByteView, 2> parts = {bytes_of(what), place};
  return key.mac(parts);
}

// A random source that gives what it was given: an id is made of a MAC as others are made of chance.
class Given final : public Random {
  Bytes bytes_;

 public:
  explicit Given(Bytes bytes) : bytes_(std::move(bytes)) {}
  void fill(std::span<std::uint8_t> out) override {
    std::copy_n(bytes_.begin(), std::min(out.size(), bytes_.size()), out.begin());
  }
};

}  // namespace

std::uint64_t CanaryMarks::due(std::uint64_t block, std::uint64_t window) const {
  const Bytes mac = mac_of(key_, "due", block);
  Reader in(mac);
  return block * kCanaryEvery + in.number<std::uint64_t>() % std::clamp<std::uint64_t>(window, 1, kCanaryEvery);
}

EventId CanaryMarks::id(std::uint64_t number) const {
  Given random(mac_of(key_, "id", number));
  return EventId::make(random);
}

}  // namespace countersign::history
