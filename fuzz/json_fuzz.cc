// links: core_codec
// What parse_json accepts is written by JsonWriter and read again as the same value; and any bytes make a valid string.
#include <cmath>
#include <cstdlib>

#include "core/codec/json_read.h"
#include "core/codec/json_write.h"

using namespace countersign;

namespace {

void write(codec::JsonWriter& w, const codec::Json& json) {
  if (json.is_null()) w.null();
  if (json.is_bool()) w.boolean(*json.as_bool());
  if (json.is_int()) w.integer(*json.as_int());
  if (json.is_number() && !json.is_int()) w.number(*json.as_double());
  if (json.is_string()) w.string(*json.as_string());
  if (json.is_array()) {
    w.begin_array();
    for (const auto& item : json.items()) write(w, item);
    w.end_array();
  }
  if (json.is_object()) {
    w.begin_object();
    for (const auto& [key, value] : json.members()) write(w.key(key), value);
    w.end_object();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);

  codec::JsonWriter string;
  string.string(text);
  const auto nul = text.find('\0') != text.npos;
  if (!nul && size < 100'000 && !codec::parse_json(string.text())) std::abort();

  const auto json = codec::parse_json(text);
  if (!json) return 0;
  codec::JsonWriter first;
  write(first, *json);
  const auto again = codec::parse_json(first.text());
  if (!again) std::abort();
  codec::JsonWriter second;
  write(second, *again);
  if (first.text() != second.text()) std::abort();
  return 0;
}
