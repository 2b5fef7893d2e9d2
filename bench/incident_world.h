// The month of an incident, made up from a few numbers: who sent how many messages, who read which of them, and what
// the thief got. bench/incident_seed.cc writes it down twice: into a database, and as the truth that a scope must find.
#pragma once

#include <algorithm>
#include <cstdint>
#include "bench/population.h"

namespace countersign::bench {

inline constexpr std::int64_t kFirstDay = 20'513;  // 2026-03-01, a Sunday
inline constexpr int kDays = 31;
inline constexpr const char* kThief = "uid:4711";
inline constexpr const char* kThiefsKey = "DITHIEFSKEY000000000";    // an application that the thief made …
inline constexpr const char* kThiefsSession = "s_thief_of_the_key";  // … and a session that this application made
inline constexpr int kKeyMadeOn = 14;                                // the day, from 0
inline constexpr const char* kSupplier = "supplier-7";

struct Sizes {
  std::int64_t tenants = 100'000;
  std::int64_t messages = 40'000'000;
  std::int64_t reads = 5'000'000;
  std::int64_t stolen = 1'000;       // tenants
  std::int64_t dispatch_every = 20;  // of so many messages one went through the supplier that is looked for
};

// Splitmix64: numbers that look like chance and follow from two others.
inline std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a * 0x9e37'79b9'7f4a'7c15 + b * 0xbf58'476d'1ce4'e5b9 + 0x94d0'49bb'1331'11eb;
  x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9;
  x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11eb;
  return x ^ (x >> 31);
}

class World {
  Sizes sizes_;

 public:
  explicit World(const Sizes& sizes) : sizes_(sizes) {}

  const Sizes& sizes() const { return sizes_; }
  // One tenant in ten is large and sends every day of the week; it sends ten times as much.
  static bool is_large(std::int64_t tenant) { return mixed(1, static_cast<std::uint64_t>(tenant)) % 10 == 0; }
  static bool is_weekend(int day) { return day % 7 == 0 || day % 7 == 6; }

  // Messages of a tenant on a day, so that the tenants together have those asked for, within one in a hundred.
  int messages(std::int64_t tenant, int day) const {
    const bool large = is_large(tenant);
    if (!large && is_weekend(day)) return 0;
    constexpr double kShares = 0.9 * 22 + 0.1 * 10 * kDays;  // days of an average tenant; 22 are none of a weekend
    const double mean = static_cast<double>(sizes_.messages) / static_cast<double>(sizes_.tenants) / kShares;
    const double here = large ? 10 * mean : mean;
    const double chance = static_cast<double>(mixed(2, static_cast<std::uint64_t>(tenant * 64 + day)) >> 11) * 0x1p-53;
    return static_cast<int>(here * (0.5 + chance) + 0.5);
  }
  // Reads of a day by those who may; the thief's come on top.
  int reads(std::int64_t tenant, int day) const {
    const auto cell = static_cast<std::uint64_t>(tenant * kDays + day);
    const auto all = static_cast<std::uint64_t>(sizes_.tenants * kDays),
               wanted = static_cast<std::uint64_t>(sizes_.reads);
    return static_cast<int>((cell + 1) * wanted / all - cell * wanted / all);
  }

  // Of the stolen tenants the thief read these himself, his key those, and the session a last few; some both.
  bool is_stolen(std::int64_t tenant) const { return tenant % stride() == 0 && tenant / stride() < sizes_.stolen; }
  std::int64_t nth_stolen(std::int64_t n) const { return n * stride(); }
  bool by_thief(std::int64_t tenant) const { return is_stolen(tenant) && tenant / stride() % 50 != 1; }
  bool by_key(std::int64_t tenant, int day) const {
    return is_stolen(tenant) && day >= kKeyMadeOn && tenant / stride() % 25 == 1;
  }
  bool by_session(std::int64_t tenant, int day) const {
    return is_stolen(tenant) && day >= kKeyMadeOn && tenant / stride() % 100 == 2;
  }
  // Who read no day at all is not stolen: key and session begin late, but do begin.
  std::int64_t stride() const {
    return std::max<std::int64_t>(1, sizes_.tenants / std::max<std::int64_t>(1, sizes_.stolen));
  }
};

}  // namespace countersign::bench
