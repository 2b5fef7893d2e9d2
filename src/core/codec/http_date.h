// Dates in headers and logs: RFC 5322 as the Duo clients write it, RFC 9110's IMF-fixdate, and RFC 3339.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/time.h"

namespace countersign::codec {

inline constexpr std::size_t kDateTextMax = 64;

// "[Tue, ]2[1] Aug 2012 17:29[:18] ZONE", names in any case, runs of spaces as one. ZONE is GMT, UT, UTC, Z or ±hhmm
// ("-0000" is UTC of an unknown place, RFC 5322 §3.3). The day of the week need not be the right one, and a leap second
// is read as the second before it.
// malformed: anything else, a day its month does not have, a year outside 1970…9999, over 64 characters.
Result<Instant> parse_http_date(std::string_view text);

// "Tue, 21 Aug 2012 17:29:18 GMT" (RFC 9110 §5.6.7).
std::string http_date(Instant t);

// "2012-08-21T17:29:18.000000+00:00", the form of Duo's isotimestamp.
std::string iso_date(Instant t);

// "2012-08-21", or with "T17:29:18[.123456]" and a zone ("Z", "+00:00"); RFC 3339 §5.6. malformed: anything else.
Result<Instant> parse_iso_date(std::string_view text);

}  // namespace countersign::codec
