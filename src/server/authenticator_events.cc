#include "server/authenticator_events.h"

#include <utility>

#include "core/codec/json_read.h"

namespace countersign::server {
namespace {

Result<std::string> text_of_member(const codec::Json& object, std::string_view key) {
  const codec::Json* const member = TRY(object.need(key));
  return std::string(TRY(member->as_string()));
}

Result<std::int64_t> number_of_member(const codec::Json& object, std::string_view key) {
  const codec::Json* const member = TRY(object.need(key));
  return member->as_int();
}

Result<flow::PendingRequest> read_request(const codec::Json& json) {
  flow::PendingRequest out;
  const std::string id = TRY(text_of_member(json, "id"));
  out.id = TRY(AttemptId::parse(id));
  out.application = TRY(text_of_member(json, "application"));
  out.type = TRY(text_of_member(json, "type"));
  out.username = TRY(text_of_member(json, "username"));
  out.address = TRY(text_of_member(json, "address"));
  const codec::Json* const info = TRY(json.need("info"));
  for (const codec::Json& pair : info->items()) {
    if (pair.items().size() != 2) return Error{Errc::malformed, "'info' is not made of pairs"};
    const std::string key(TRY(pair.items()[0].as_string()));
    const std::string value(TRY(pair.items()[1].as_string()));
    out.pushinfo.emplace_back(key, value);
  }
  out.digits = static_cast<int>(TRY(number_of_member(json, "digits")));
  out.created = from_unix_s(TRY(number_of_member(json, "created")));
  out.expires = from_unix_s(TRY(number_of_member(json, "expires")));
  return out;
}

}  // namespace

Result<std::vector<flow::PendingRequest>> read_requests(std::string_view text) {
  const codec::Json json = TRY(codec::parse_json(text, EventReader::kEventMax));
  const codec::Json* const requests = TRY(json.need("requests"));
  if (!requests->is_array()) return Error{Errc::malformed, "'requests' is not a list"};
  std::vector<flow::PendingRequest> out;
  for (const codec::Json& request : requests->items()) out.push_back(TRY(read_request(request)));
  return out;
}

bool EventReader::take(std::string_view piece, const std::function<bool(const ServerEvent&)>& on_event) {
  for (const char c : piece) {
    const bool second_of_crlf = c == '\n' && after_cr_;
    after_cr_ = c == '\r';
    if (second_of_crlf) continue;
    if (c == '\n' || c == '\r') {
      if (!end_line(on_event)) return false;
      continue;
    }
    if (++held_ > kEventMax) return false;
    line_.push_back(c);
  }
  return true;
}

bool EventReader::end_line(const std::function<bool(const ServerEvent&)>& on_event) {
  const std::string line = std::exchange(line_, {});
  if (line.empty()) {  // an event ends
    held_ = 0;
    ServerEvent event = std::exchange(event_, {});
    if (!std::exchange(has_data_, false)) return true;
    if (event.name.empty()) event.name = "message";
    return on_event(event);
  }
  const std::size_t colon = line.find(':');
  const std::string_view name = std::string_view(line).substr(0, colon);
  std::string_view value = colon == std::string::npos ? std::string_view() : std::string_view(line).substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "event") event_.name = value;
  if (name == "data") {
    if (has_data_) event_.data.push_back('\n');
    event_.data.append(value);
    has_data_ = true;
  }
  if (name.empty()) held_ = has_data_ ? held_ : 0;  // a comment: a heartbeat must not fill the limit up
  return true;
}

}  // namespace countersign::server
