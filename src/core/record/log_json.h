// What the events of all streams have in common as JSON. For .cc files of this folder.
#pragma once

#include <string_view>

#include "core/codec/json_write.h"

namespace countersign::record {

// The member, null where nothing is known.
void write_known(codec::JsonWriter& json, std::string_view key, std::string_view value);

// "location" of which no part is known.
void write_unknown_location(codec::JsonWriter& json);

}  // namespace countersign::record
