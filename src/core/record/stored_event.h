// An event as it is sealed: its fields alone, a fifth of the log's JSON. What the row itself says (id, tenant) is not
// written twice.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/record/auth_event.h"

namespace countersign::record {

inline constexpr std::size_t kStoredEventMax = 256 * 1024;

std::string encode(const AuthEvent& event);
std::string encode(const ActivityEvent& event);

// The text of a canary: a mark, and a sign-in that never was. Only who opens the row sees the mark.
inline constexpr std::string_view kCanaryMark = "k1;";
std::string encode_canary(const AuthEvent& decoy);
bool is_canary(std::string_view text);

// `into` has id and tenant already.   malformed: not what encode wrote.
Result<void> decode(std::string_view text, AuthEvent& into);  // of a canary: its decoy
Result<void> decode(std::string_view text, ActivityEvent& into);

}  // namespace countersign::record
