// Rotation of the root key under load: another key seals, every service-class value is sealed anew, the old key goes.
//
//   1. the new key is made, or is there and waits        durable where the root keys live
//   2. every server that shares the database knows it    they look at the note in the database (follow_root_key)
//   3. it seals                                          and the keyring hangs on it
//   4. every value is sealed anew, page by page          each on the condition that nobody changed it meanwhile
//   5. again, until one whole passage finds nothing      what was sealed under the old key was still under way
//   6. the old keys are dropped
//
// A crash after any step leaves everything openable: old keys are dropped only by 6, and the command begun again finds
// what is done. History is not here: its keys hang on the keyring, which 3 seals anew without touching a row.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/ledger/event.h"
#include "flow/ports.h"

namespace countersign::flow {

inline constexpr int kResealPage = 500;             // rows read at once, and written in one transaction
inline constexpr milliseconds kFollowTime{2'000};   // for every server to look at the note (it does so all the time)
inline constexpr milliseconds kSettleTime{10'000};  // longer than any request holds what it read

// What the command tells while it works.
struct RotationStep {
  std::string_view step;    // "added", "announced", "sealing", "resealed", "dropped"
  std::string what;         // a root key's id, or a table
  std::int64_t values = 0;  // sealed anew
};

struct RotationPorts {
  const Ports& ports;
  std::function<void(milliseconds)> pause;           // waits; false time in tests
  std::function<bool(const RotationStep&)> on_step;  // false: nobody listens any more; the work goes on
  ledger::Actor actor;                               // each change of the list is an event before it is made
};

enum class Servers { this_one, several };

// Adds a key that waits, so that root.key can be copied to the other servers before anything is sealed under it. The
// answer is its id.   conflict: one waits already.
Result<std::string> add_root_key(const Ports& ports, const ledger::Actor& actor);

// The whole rotation, also one that was begun.   conflict: another is under way in this process; or there are several
// servers and no key waits.   unavailable: keys or store are away; run it again.
Result<void> rotate_root_key(const RotationPorts& rotation, Servers servers);

// What another server's rotation wants of this one; called every little while.   not_found: its key is not here.
Result<void> follow_root_key(const Ports& ports);

// How many values each root key has sealed, by its id; "": the first version, which names none.
Result<std::map<std::string, std::int64_t>> count_sealed(const Ports& ports);

}  // namespace countersign::flow
