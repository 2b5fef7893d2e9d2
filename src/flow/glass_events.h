// For the two .cc files of break glass: whether it is open, and how its events name an opening.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/id.h"
#include "core/codec/json_write.h"
#include "store/glass.h"

namespace countersign::flow {

inline constexpr seconds kGlassStep{5};  // so far a clock is set back in passing

// A clock that was set back ends it: the hour cannot be had twice.
inline bool is_open(const store::GlassOpening& opening, Instant now) {
  return !opening.closed && now < opening.closes && now + kGlassStep >= opening.seen;
}

// What stands in the `detail` of every reading while it was open.
inline std::string glass_mark(std::int64_t number) { return "break_glass " + std::to_string(number); }

inline std::string glass_query(std::int64_t number, const TenantId& tenant) {
  codec::JsonWriter w;
  w.begin_object().key("glass").integer(number);
  if (!tenant.empty()) w.key("tenant").string(tenant.text());
  return w.end_object().take();
}

}  // namespace countersign::flow
