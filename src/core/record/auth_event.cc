#include "core/record/auth_event.h"

#include "core/codec/http_date.h"
#include "core/codec/json_write.h"
#include "core/record/log_json.h"

namespace countersign::record {
namespace {

// Shared by sealing and opening: a field's length in eight bytes, the low one first, and the field.
void put_field(std::string& to, std::string_view field) {
  for (int shift = 0; shift < 64; shift += 8) to.push_back(static_cast<char>((field.size() >> shift) & 0xff));
  to.append(field);
}

void write_access_device(codec::JsonWriter& json, const AccessDevice& device) {
  json.key("access_device").begin_object();
  write_known(json, "browser", device.browser);
  write_known(json, "browser_version", device.browser_version);
  for (const char* unknown : {"epkey", "flash_version", "java_version"}) json.key(unknown).null();
  write_known(json, "hostname", device.hostname);
  write_known(json, "ip", device.ip);
  // Duo's clients know three values: true, false, and this word.
  for (const char* flag : {"is_encryption_enabled", "is_firewall_enabled", "is_password_set"}) {
    json.key(flag).string("unknown");
  }
  write_unknown_location(json);
  write_known(json, "os", device.os);
  write_known(json, "os_version", device.os_version);
  json.key("security_agents").begin_array().end_array();
  json.key("management_agents").begin_array().end_array();
  json.end_object();
}

void write_auth_device(codec::JsonWriter& json, const AuthDevice& device) {
  json.key("auth_device").begin_object();
  write_known(json, "ip", device.ip);
  write_known(json, "key", device.key);
  write_known(json, "name", device.name);
  write_unknown_location(json);
  json.end_object();
}

}  // namespace

void write_known(codec::JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  if (value.empty()) {
    json.null();
  } else {
    json.string(value);
  }
}

void write_unknown_location(codec::JsonWriter& json) {
  json.key("location").begin_object();
  json.key("city").null().key("state").null().key("country").null();
  json.end_object();
}

std::string to_log_json(const AuthEvent& event) {
  codec::JsonWriter json;
  json.begin_object();
  json.key("txid").string(event.txid.text());
  json.key("timestamp").integer(unix_s(event.at));
  json.key("isotimestamp").string(codec::iso_date(event.at));
  json.key("event_type").string(event.event_type);
  json.key("result").string(event.result);
  json.key("reason").string(event.reason);
  json.key("factor").string(event.factor.empty() ? "not_available" : event.factor);
  json.key("user").begin_object();
  write_known(json, "key", event.user_key);
  json.key("name").string(event.user_name).key("groups").begin_array();
  for (const std::string& group : event.groups) json.string(group);
  json.end_array().end_object();
  json.key("alias").string(event.alias);
  json.key("email").string(event.email);
  json.key("application").begin_object();
  json.key("key").string(event.app_key).key("name").string(event.app_name);
  json.end_object();
  write_access_device(json, event.access_device);
  write_auth_device(json, event.auth_device);
  json.key("adaptive_trust_assessments").begin_object().end_object();
  json.key("ood_software").null();
  json.key("trusted_endpoint_status").string("unknown");
  json.end_object();
  return json.take();
}

std::string open_part(const TenantId& tenant, std::string_view stream, std::int64_t day, const EventId& id) {
  std::string out;
  for (const std::string_view field : {std::string_view(tenant.text()), stream, std::string_view(id.text())}) {
    put_field(out, field);
  }
  put_field(out, std::to_string(day));
  return out;
}

std::int64_t day_of(Instant t) { return std::chrono::floor<std::chrono::days>(t).time_since_epoch().count(); }

}  // namespace countersign::record
