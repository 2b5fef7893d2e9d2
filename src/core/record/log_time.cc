#include "core/codec/http_date.h"
#include "core/codec/json_read.h"
#include "core/record/auth_event.h"

namespace countersign::record {

Result<Instant> time_of_log_json(std::string_view json) {
  const codec::Json event = TRY(codec::parse_json(json));
  const codec::Json* at = event.find("isotimestamp");
  if (!at) at = TRY(event.need("ts"));
  return codec::parse_iso_date(TRY(at->as_string()));
}

}  // namespace countersign::record
