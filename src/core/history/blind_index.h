// Tags under which rows can be found by user or number without opening them (security.md §1.5). Their key follows from
// the epoch's key: it leaves the writer's memory with it, so nobody can enumerate numbers against a closed epoch, and
// equal values have equal tags inside one epoch only.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/secret.h"

namespace countersign::history {

inline constexpr int kTagBitsMin = 4, kTagBitsMax = 16;

enum class IndexedField { user, number };

// HKDF-SHA-256 of the epoch's key over "index".
Secret index_key(const Secret& epoch_key);

// The first `bits` bits of HMAC-SHA-256(key, field ‖ value); `value` in its canonical form.
std::uint32_t tag(const Secret& index_key, IndexedField field, std::string_view value, int bits);

// How long tags should be for so many rows a day: each tag is expected at least twice, and fewer than √rows times, so
// that a tag alone points at nobody (CipherSweet's planner).
int tag_bits_for(std::uint64_t rows_a_day);

}  // namespace countersign::history
