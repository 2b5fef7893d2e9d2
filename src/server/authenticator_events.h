// What the server tells a device: lists of requests as JSON, and the event stream that carries them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "flow/push.h"

namespace countersign::server {

// malformed: not the object of docs/protocols/device.md.
Result<std::vector<flow::PendingRequest>> read_requests(std::string_view json);

struct ServerEvent {
  std::string name;  // "message" where the server gave none
  std::string data;
};

// Server-sent events out of a stream of bytes (WHATWG HTML §9.2.6); ids and retry times are skipped.
class EventReader {
  std::string line_;
  ServerEvent event_;
  bool has_data_ = false;
  bool after_cr_ = false;
  std::size_t held_ = 0;

 public:
  static constexpr std::size_t kEventMax = 256 * 1024;

  // Calls `on_event` for each event that `piece` completes. False: it returned false, or an event is over 256 KiB.
  bool take(std::string_view piece, const std::function<bool(const ServerEvent&)>& on_event);

 private:
  bool end_line(const std::function<bool(const ServerEvent&)>& on_event);
};

}  // namespace countersign::server
