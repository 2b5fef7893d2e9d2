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

// `into` has id and tenant already.   malformed: not what encode wrote.
Result<void> decode(std::string_view text, AuthEvent& into);
Result<void> decode(std::string_view text, ActivityEvent& into);

}  // namespace countersign::record
