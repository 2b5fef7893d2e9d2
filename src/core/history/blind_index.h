// Tags under which rows can be found by user or number without opening them (security.md §1.5). Their key follows from
// the epoch's key: it leaves the writer's memory with it, so nobody can enumerate numbers against a closed epoch, and
// equal values have equal tags inside one epoch only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/secret.h"

namespace countersign::history {

inline constexpr int kTagBitsMin = 4, kTagBitsMax = 16;
inline constexpr std::size_t kIndexKeySize = 32;

enum class IndexedField { user, number };

// HKDF-SHA-256 of the epoch's key over "countersign-history/v1 index".
Secret index_key(const Secret& epoch_key);

// The first `bits` bits of HMAC-SHA-256(key, field ‖ value), the first one highest; field is one byte, 1 for a user, 2
// for a number; `value` in its canonical form. 0 bits: always 0. Over 16 is a mistake of the program and throws.
std::uint32_t tag(const Secret& index_key, IndexedField field, std::string_view value, int bits);

// How long tags should be in an epoch that will hold so many rows: each tag is expected at least twice, and fewer than
// √rows times, so that a tag alone points at nobody (CipherSweet's planner); the middle of what is left. Below 32 rows
// no length does that: 0, the rows have no tags and a reader opens them all.
int tag_bits_for(std::uint64_t rows);

}  // namespace countersign::history
