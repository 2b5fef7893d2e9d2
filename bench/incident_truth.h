// What a scope must find in the month of bench/incident_world.h, added up while it is written.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/incident_world.h"
#include "core/base/id.h"
#include "core/codec/json_write.h"
#include "flow/row_numbers.h"

namespace countersign::bench {

using std::chrono::hours;

inline TenantId tenant(std::int64_t n) { return TenantId::trusted(tenant_id(n)); }
inline Instant start_of(int day) { return Instant(hours(24) * (kFirstDay + day)); }

struct Stolen {
  flow::RowsByEpoch returned, released, viewed;
  std::set<std::string> users, numbers;
  std::set<int> days;
  std::optional<Instant> first, last;
  std::int64_t events = 0;
};

struct Sent {
  std::int64_t messages = 0;
  Instant first = Instant::max(), last = Instant::min();
};

struct Truth {
  std::map<std::int64_t, Stolen> stolen;
  std::map<std::int64_t, Sent> sent, listed;  // through the supplier: not verified as deleted, and those on its list
  std::vector<std::string> references;        // the list
  std::int64_t messages = 0, epochs = 0, entries = 0, reads = 0, dispatches = 0;

  void add(Truth&& other) {
    stolen.merge(other.stolen);
    sent.merge(other.sent);
    listed.merge(other.listed);
    references.insert(references.end(), other.references.begin(), other.references.end());
    messages += other.messages, epochs += other.epochs, entries += other.entries, reads += other.reads;
    dispatches += other.dispatches;
  }
};

constexpr std::size_t kListed = 400'000;  // references that the supplier says were stolen, at most: every second

inline void write_sent(codec::JsonWriter& w, const std::map<std::int64_t, Sent>& all) {
  w.begin_object();
  for (const auto& [n, sent] : all) {
    w.key(tenant_id(n)).begin_object().key("returned").integer(sent.messages);
    w.key("first_ms").integer(unix_ms(sent.first)).key("last_ms").integer(unix_ms(sent.last)).end_object();
  }
  w.end_object();
}

inline std::string truth_json(const Truth& truth) {
  codec::JsonWriter w;
  w.begin_object().key("messages").integer(truth.messages).key("epochs").integer(truth.epochs);
  w.key("entries").integer(truth.entries).key("reads").integer(truth.reads).key("dispatches").integer(truth.dispatches);
  w.key("credential").string(kThief).key("descendants").begin_array().string(kThiefsKey).string(kThiefsSession);
  w.end_array().key("supplier").string(kSupplier);
  w.key("from_ms").integer(unix_ms(start_of(0))).key("to_ms").integer(unix_ms(start_of(kDays)));
  w.key("stolen").begin_object();
  for (const auto& [n, one] : truth.stolen) {
    w.key(tenant_id(n)).begin_object().key("returned").integer(flow::count_rows(one.returned));
    w.key("released").integer(flow::count_rows(one.released)).key("viewed").integer(flow::count_rows(one.viewed));
    w.key("users").integer(static_cast<std::uint64_t>(one.users.size()));
    w.key("numbers").integer(static_cast<std::uint64_t>(one.numbers.size()));
    w.key("days").integer(static_cast<std::uint64_t>(one.days.size())).key("events").integer(one.events);
    w.key("first_ms").integer(unix_ms(*one.first)).key("last_ms").integer(unix_ms(*one.last));
    w.key("rows").begin_object();
    for (const auto& [epoch, numbers] : one.returned) w.key(epoch).string(numbers.text());
    w.end_object().end_object();
  }
  w.end_object().key("sent");
  write_sent(w, truth.sent);
  w.key("listed");
  write_sent(w, truth.listed);
  return w.end_object().take() + "\n";
}

}  // namespace countersign::bench
