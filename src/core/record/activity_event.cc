#include "core/codec/http_date.h"
#include "core/codec/json_write.h"
#include "core/record/auth_event.h"
#include "core/record/log_json.h"

namespace countersign::record {
namespace {

struct Party {
  std::string_view type, key, name;
};

void write_party(codec::JsonWriter& json, std::string_view role, const Party& party) {
  json.key(role).begin_object();
  write_known(json, "key", party.key);
  write_known(json, "name", party.name);
  write_known(json, "type", party.type);
  json.key("details").null();
  json.end_object();
}

}  // namespace

std::string to_log_json(const ActivityEvent& event) {
  codec::JsonWriter json;
  json.begin_object();
  json.key("activity_id").string(event.id.text());
  json.key("ts").string(codec::iso_date(event.at));
  json.key("action").begin_object().key("name").string(event.action);
  write_known(json, "details", event.details);  // Duo: JSON as a string
  json.end_object();
  write_party(json, "actor", {event.actor_type, event.actor_key, event.actor_name});
  write_party(json, "target", {event.target_type, event.target_key, event.target_name});
  json.key("old_target").null();
  json.key("application").null();
  json.key("akey").string(event.tenant.text());
  json.key("access_device").begin_object();
  for (const char* unknown : {"browser", "browser_version", "epkey"}) json.key(unknown).null();
  json.key("ip").begin_object().key("address").null().end_object();
  write_unknown_location(json);
  json.key("os").null().key("os_version").null();
  json.end_object();
  json.key("outcome").begin_object().key("result").string(event.outcome).end_object();
  json.end_object();
  return json.take();
}

}  // namespace countersign::record
