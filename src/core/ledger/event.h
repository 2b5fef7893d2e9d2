// What the ledger records: who read, listed, counted, exported or changed what, and what was refused
// (security.md §2.2). A leaf is the event's JSON, one object in a fixed order; docs/protocols/ledger.md is its
// specification. Rows of history are named by epoch and number, never by user or number of a phone: the ledger is no
// second copy of the data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/id.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/ledger/merkle.h"

namespace countersign::ledger {

inline constexpr std::size_t kEventMax = 65'535;  // C2SP tlog-tiles: an entry's length is 16 bits
inline constexpr std::uint64_t kRowNumbersMax = 1'000'000;

enum class EventType {
  read, list, count, export_, key_release, directory_unwrap, config_change, factor_reset, approve, shred, kill,
  break_glass, canary, epoch_closed, viewed, notice, incident
};
std::string_view name(EventType type);  // "read", …, "export"
std::optional<EventType> event_type(std::string_view name);

enum class Outcome { ok, denied, capped };
std::string_view name(Outcome outcome);

// Who acted, and with what. Empty texts are left out.
struct Actor {
  std::string kind;        // staff, tenant_admin, api_key, service, user
  std::string id{};          // of the person or application
  std::string credential{};  // what proved it: uid of the operator's account, integration key, passkey id
  std::string session{};
  std::string parent{};      // the credential that made this one
  std::string ip{};
  bool operator==(const Actor&) const = default;
};

// Rows of one epoch, by number: "0-499,502".
struct RowSet {
  std::string epoch;  // 32 hex digits, lower case
  std::string rows;
  std::uint64_t count = 0;  // how many numbers `rows` names
  bool operator==(const RowSet&) const = default;
};
// Numbers in ascending order, without repeats, as ranges; and back.   malformed: not what the first writes, or over a
// million numbers.
std::string row_ranges(const std::vector<std::uint64_t>& numbers);
Result<std::vector<std::uint64_t>> parse_row_ranges(std::string_view text);
// How many numbers the ranges name; the same errors.
Result<std::uint64_t> count_row_ranges(std::string_view text);

struct Event {
  Instant at{};
  std::string node;
  EventType type = EventType::read;
  Outcome outcome = Outcome::ok;
  TenantId tenant;                 // none: the operator's own affairs
  Actor actor;
  std::string purpose;             // why: support, own_account, export, …
  std::string case_reference;      // a ticket
  std::string intent;              // hex SHA-256 of the signed intent, where one was needed
  std::string object;              // what: authentication, activity, telephony, users, policy, …
  std::string query;               // what was asked for, as canonical JSON without personal data; or nothing
  std::vector<RowSet> rows;        // of history
  std::uint64_t count = 0;         // rows or objects in all
  std::vector<std::int64_t> days;  // whose keys were released, counted from 1970-01-01
  std::string detail;              // reason of a refusal, a shred's month, hex of a closed epoch's trailer
  bool operator==(const Event&) const = default;
};

// Bytes that are not UTF-8, and NUL, become U+FFFD: what was tried is recorded whatever it was made of.
// exhausted: longer than 65,535 bytes; split it.   malformed: a time outside 1970…9999, a tenant that is no id, a row
// set that is not of its form, a count over 2^63-1 or a day before 1970.
Result<std::string> encode(const Event& event);
// malformed: not what encode writes.
Result<Event> decode_event(std::string_view json);

}  // namespace countersign::ledger
