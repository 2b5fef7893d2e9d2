// What somebody signs who wants history to leave (security.md §3.2 rule 7): texts of canonical JSON. The signature is
// over exactly their bytes; the nonce in them is the server's. docs/protocols/history-export.md is their specification.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/id.h"
#include "core/base/result.h"
#include "core/base/time.h"

namespace countersign::history {

inline constexpr std::size_t kSignedTextMax = 8192;

enum class DayKeys { none, with_rows, alone };
std::string_view name(DayKeys keys);

// One export, as it is asked for. Every text is UTF-8; days count from 1970-01-01, both included.
struct ExportIntent {
  std::string id;
  TenantId tenant;
  std::int64_t first_day = 0, last_day = 0;
  DayKeys keys = DayKeys::none;
  std::uint64_t rows = 0;  // how many there were when it was asked for
  std::string requester;   // a signer's id
  std::string purpose, case_reference;
  Instant asked{}, expires{};  // whole seconds; signed by then, or never
  std::string nonce;
  bool operator==(const ExportIntent&) const = default;
};
std::string encode(const ExportIntent& intent);
// malformed: not what encode writes.   exhausted: over 8 KiB.
Result<ExportIntent> decode_export_intent(std::string_view text);

// What the requester signs to fetch it, once, and not after `expires`.
struct ExportChallenge {
  std::string id;
  std::string intent;  // hex SHA-256 of the intent
  Instant expires{};   // whole seconds
  std::string nonce;
  bool operator==(const ExportChallenge&) const = default;
};
std::string encode(const ExportChallenge& challenge);

// What a signer signs to stop it.
std::string export_veto(std::string_view id, std::string_view intent);

// What a text asks to be signed, in words for a person.   refused: none of the three above: sign nothing else.
Result<std::string> words_of_signed(std::string_view text);

}  // namespace countersign::history
