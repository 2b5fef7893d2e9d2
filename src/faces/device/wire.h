// The JSON of the device protocol (docs/protocols/device.md, "Messages"), between text and values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/json_write.h"
#include "core/factor/push.h"
#include "flow/enrol.h"
#include "flow/find_device.h"
#include "flow/notices.h"
#include "flow/push.h"

namespace countersign::device {

inline constexpr std::size_t kBodyMax = 4096;
inline constexpr std::size_t kCodeMax = 64;
inline constexpr std::size_t kPlatformMax = 64;
inline constexpr std::size_t kNumberMax = 16;
inline constexpr seconds kWaitMax{25};

// malformed: not such an object, a known member twice, a value of the wrong form.   exhausted: over 4 KiB.
Result<flow::ActivateRequest> read_activate(std::string_view body);

struct AnswerBody {
  factor::push::Decision decision;
  std::string number;
  Bytes signature;
};
Result<AnswerBody> read_answer(std::string_view body);

// `wait=N` of a query; 0 where it is absent.   malformed: not a number from 0 to 25, twice, or a broken query.
Result<seconds> read_wait(std::string_view query);

std::string write_activated(const flow::Activated& activated, std::string_view server);
// The members of one request, into an object that is open; the authenticator prints the same.
void write_members(codec::JsonWriter& w, const flow::PendingRequest& request);
std::string write_requests(const std::vector<flow::PendingRequest>& requests);
std::string write_standing(const flow::Standing& standing);
std::string write_account(const Phone& phone, const flow::DeviceAccount& account, std::string_view server);
std::string write_push_key(std::string_view key);
std::string write_subscribed(std::string_view standing);   // "subscribed" or "none"
std::string write_notices(const std::vector<flow::Notice>& notices);
std::string write_error(std::string_view code, std::string_view message, std::optional<Instant> server_time);

}  // namespace countersign::device
