// Time in milliseconds, then the fields in the order of the list below; an authentication goes on with its attempt, the
// count of its groups and their names. Its version 2 ends with browser and system, of which version 1 knew nothing.
#include "core/record/stored_event.h"

#include <initializer_list>
#include <limits>

#include "core/codec/fields.h"

namespace countersign::record {
namespace {

constexpr std::string_view kAuthVersion = "a2;";
constexpr std::string_view kAuthWithoutBrowser = "a1;";
constexpr std::string_view kActivityVersion = "c1;";
constexpr std::size_t kGroupsMax = 10'000;

Error broken() { return {Errc::malformed, "a stored event is not of a form this version writes"}; }

// The one list of an authentication's texts, for writing and for reading.
template <class Event, class F>
void each_text(Event& event, F visit, const AuthEvent&) {
  for (auto* text : {&event.event_type, &event.result, &event.reason, &event.factor, &event.user_key, &event.user_name,
                     &event.email, &event.alias, &event.app_key, &event.app_name, &event.access_device.ip,
                     &event.access_device.hostname, &event.auth_device.key, &event.auth_device.name,
                     &event.auth_device.ip}) {
    visit(*text);
  }
}

template <class Event, class F>
void each_text(Event& event, F visit, const ActivityEvent&) {
  for (auto* text : {&event.action, &event.details, &event.actor_type, &event.actor_key, &event.actor_name,
                     &event.target_type, &event.target_key, &event.target_name, &event.outcome}) {
    visit(*text);
  }
}

// What version 2 added.
template <class Device, class F>
void each_browser_text(Device& device, F visit) {
  for (auto* text : {&device.browser, &device.browser_version, &device.os, &device.os_version}) visit(*text);
}

template <class Event>
codec::FieldWriter begin(const Event& event, std::string_view version) {
  codec::FieldWriter out(version);
  out.put_number(static_cast<std::size_t>(unix_ms(event.at)));
  each_text(event, [&out](const std::string& text) { out.put(text); }, event);
  return out;
}

template <class Event>
void read(codec::FieldReader& in, Event& into) {
  into.at = from_unix_ms(static_cast<std::int64_t>(in.number(std::numeric_limits<std::int64_t>::max())));
  each_text(into, [&in](std::string& text) { text = in.text(); }, into);
}

}  // namespace

std::string encode(const AuthEvent& event) {
  codec::FieldWriter out = begin(event, kAuthVersion);
  const bool own_txid = event.txid.text() != event.id.text();
  out.put(own_txid ? event.txid.text() : "");
  out.put_number(event.groups.size());
  for (const std::string& group : event.groups) out.put(group);
  each_browser_text(event.access_device, [&out](const std::string& text) { out.put(text); });
  return out.take();
}

std::string encode(const ActivityEvent& event) { return begin(event, kActivityVersion).take(); }

std::string encode_canary(const AuthEvent& decoy) { return std::string(kCanaryMark) + encode(decoy); }

bool is_canary(std::string_view text) { return text.starts_with(kCanaryMark); }

Result<void> decode(std::string_view text, AuthEvent& into) {
  if (is_canary(text)) text.remove_prefix(kCanaryMark.size());
  const bool without_browser = text.starts_with(kAuthWithoutBrowser);
  codec::FieldReader in(text, without_browser ? kAuthWithoutBrowser : kAuthVersion, kStoredEventMax);
  read(in, into);
  const std::string_view txid = in.text();
  into.txid = AttemptId::trusted(txid.empty() ? into.id.text() : txid);
  into.groups.clear();
  for (std::size_t left = in.number(kGroupsMax); left > 0 && in.good(); --left) into.groups.emplace_back(in.text());
  each_browser_text(into.access_device,
                    [&](std::string& to) { to = without_browser ? std::string_view() : in.text(); });
  return in.whole() ? Result<void>() : broken();
}

Result<void> decode(std::string_view text, ActivityEvent& into) {
  codec::FieldReader in(text, kActivityVersion, kStoredEventMax);
  read(in, into);
  return in.whole() ? Result<void>() : broken();
}

}  // namespace countersign::record
