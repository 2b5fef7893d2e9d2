// Tags under which a tenant's rows can be found by user or number without opening them, day by day (security.md §1.5).
// The key of a day follows from a chain: c[d+1] = HKDF(c[d], "chain"), k[d] = HKDF(c[d], "index"). Who holds today's c
// can never go back to yesterday's.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/secret.h"

namespace countersign::history {

inline constexpr std::size_t kChainSize = 32;
inline constexpr int kTagBitsMin = 4, kTagBitsMax = 16;

enum class IndexedField { user, number };

// The link after `link`.
Secret next_link(const Secret& link);
// `days` links further.
Secret advance_link(const Secret& link, int days);
// The index key of the day that `link` belongs to.
Secret index_key(const Secret& link);

// The first `bits` bits of HMAC-SHA-256(key, field ‖ value); `value` in its canonical form.
std::uint32_t tag(const Secret& index_key, IndexedField field, std::string_view value, int bits);

// How long tags should be for so many rows a day: each tag is expected at least twice, and fewer than √rows times, so
// that a tag alone points at nobody (CipherSweet's planner).
int tag_bits_for(std::uint64_t rows_a_day);

}  // namespace countersign::history
