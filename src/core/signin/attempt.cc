// Context: "2;" and then fields, each LENGTH ":" BYTES ";" – number, digits, factor, reason, application's name, type,
// display name, address, host name, count of pairs, and the pairs of pushinfo; then browser, its version, system, its
// version, visit, notify, extensions. Version 1 ("1;") ends with the pairs. Nothing after them.
#include "core/signin/attempt.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "core/codec/fields.h"
#include "core/crypto/equal.h"

namespace countersign::signin {
namespace {

constexpr std::string_view kVersion = "2;";
constexpr std::string_view kVersionBeforeVisits = "1;";
constexpr std::size_t kContextBytesMax = 256 * 1024;  // room for 20,000 bytes of pushinfo (duo-api §3.2) in short pairs
constexpr std::size_t kPairsMax = 20'000;

constexpr std::array<std::pair<State, std::string_view>, 7> kStates = {{
    {State::prepared, "prepared"}, {State::open, "open"},           {State::allowed, "allowed"},
    {State::denied, "denied"},     {State::fraud, "fraud"},         {State::timed_out, "timed_out"},
    {State::cancelled, "cancelled"},
}};

Error unfit() { return {Errc::conflict, "the attempt is not in a state for that"}; }

Attempt ended(Attempt attempt, State state, std::string_view reason) {
  attempt.state = state;
  attempt.reason = reason;
  return attempt;
}

// One transition a function: what `attempt` becomes by the event. It is not final.
struct Step {
  const Attempt& attempt;
  Instant now;

  bool over() const { return now >= attempt.expires; }
  bool waits_for_phone() const { return attempt.state == State::open && !over(); }

  Result<Attempt> operator()(const Sent& sent) const {
    if (attempt.state != State::prepared || over() || sent.expires <= now) return unfit();
    Attempt next = attempt;
    next.state = State::open;
    next.phone = sent.phone;
    next.expires = sent.expires;
    return next;
  }
  Result<Attempt> operator()(const Approved& approved) const {
    if (!waits_for_phone()) return unfit();
    switch (attempt.number) {
      case Number::nowhere: return ended(attempt, State::allowed, "user_approved");
      case Number::shown: {
        // An empty expectation would be met by an empty answer, so it is met by none.
        const bool same = !approved.expected.empty() && crypto::equal(approved.typed, approved.expected);
        if (!same) return ended(attempt, State::denied, "user_mistake");
        return ended(attempt, State::allowed, "user_approved");
      }
    }
    std::abort();
  }
  Result<Attempt> operator()(const Denied& denied) const {
    if (!waits_for_phone()) return unfit();
    if (denied.fraud) return ended(attempt, State::fraud, "user_marked_fraud");
    return ended(attempt, State::denied, "user_cancelled");
  }
  Result<Attempt> operator()(const Refused& refused) const {
    if (!waits_for_phone()) return unfit();
    return ended(attempt, State::denied, refused.reason);
  }
  Result<Attempt> operator()(const Extended& extended) const {
    if (!waits_for_phone() || attempt.extensions >= kExtensionsMax) return unfit();
    if (extended.expires <= attempt.expires) return unfit();
    Attempt next = attempt;
    next.expires = extended.expires;
    ++next.extensions;
    return next;
  }
  Result<Attempt> operator()(const Expired&) const {
    if (!over()) return unfit();
    return ended(attempt, State::timed_out, "no_response");
  }
  Result<Attempt> operator()(const Cancelled&) const {
    if (over()) return unfit();
    return ended(attempt, State::cancelled, "user_cancelled");
  }
};

}  // namespace

std::string_view name(State state) {
  for (const auto& [s, text] : kStates) {
    if (s == state) return text;
  }
  std::abort();
}

std::optional<State> state(std::string_view text) {
  for (const auto& [s, known] : kStates) {
    if (known == text) return s;
  }
  return std::nullopt;
}

bool final(State state) {
  switch (state) {
    case State::prepared:
    case State::open: return false;
    case State::allowed:
    case State::denied:
    case State::fraud:
    case State::timed_out:
    case State::cancelled: return true;
  }
  std::abort();
}

Result<Attempt> step(const Attempt& attempt, const Event& event, Instant now) {
  if (final(attempt.state)) return unfit();
  return std::visit(Step{attempt, now}, event);
}

std::string_view log_result(State state) {
  switch (state) {
    case State::allowed: return "success";
    case State::denied:
    case State::timed_out:
    case State::cancelled: return "denied";
    case State::fraud: return "fraud";
    case State::prepared:
    case State::open: return "error";  // no end: whoever logs it is mistaken, and no reader may take it for a success
  }
  std::abort();
}

std::string encode_context(const Attempt& attempt) {
  codec::FieldWriter out(kVersion);
  switch (attempt.number) {
    case Number::shown: out.put("shown"); break;
    case Number::nowhere: out.put("nowhere"); break;
  }
  out.put_number(static_cast<std::size_t>(std::max(attempt.digits, 0)));
  for (const std::string* field : {&attempt.factor, &attempt.reason, &attempt.app_name, &attempt.type,
                                   &attempt.display_username, &attempt.access.ip, &attempt.access.hostname}) {
    out.put(*field);
  }
  out.put_number(attempt.pushinfo.size());
  for (const auto& [key, value] : attempt.pushinfo) {
    out.put(key);
    out.put(value);
  }
  for (const std::string* field : {&attempt.access.browser, &attempt.access.browser_version, &attempt.access.os,
                                   &attempt.access.os_version, &attempt.visit.text()}) {
    out.put(*field);
  }
  switch (attempt.notify) {
    case Notify::yes: out.put("yes"); break;
    case Notify::no: out.put("no"); break;
  }
  out.put_number(static_cast<std::size_t>(std::max(attempt.extensions, 0)));
  return out.take();
}

namespace {

// What version 2 added.   false: not of its form.
bool read_visit(codec::FieldReader& in, Attempt& into) {
  for (std::string* field :
       {&into.access.browser, &into.access.browser_version, &into.access.os, &into.access.os_version}) {
    *field = in.text();
  }
  into.visit = VisitId::trusted(in.text());
  const std::string_view notify = in.text();
  into.notify = notify == "yes" ? Notify::yes : Notify::no;
  into.extensions = static_cast<int>(in.number(kExtensionsMax));
  return notify == "yes" || notify == "no";
}

}  // namespace

Result<void> decode_context(std::string_view text, Attempt& into) {
  const Error broken{Errc::malformed, "an attempt's context is not of a form this version writes"};
  const bool before_visits = text.starts_with(kVersionBeforeVisits);
  codec::FieldReader in(text, before_visits ? kVersionBeforeVisits : kVersion, kContextBytesMax);
  Attempt read = into;
  const std::string_view number = in.text();
  if (number != "shown" && number != "nowhere") return broken;
  read.number = number == "shown" ? Number::shown : Number::nowhere;
  read.digits = static_cast<int>(in.number(std::numeric_limits<int>::max()));
  for (std::string* field : {&read.factor, &read.reason, &read.app_name, &read.type, &read.display_username,
                             &read.access.ip, &read.access.hostname}) {
    *field = in.text();
  }
  read.pushinfo.clear();
  for (std::size_t pairs = in.number(kPairsMax); pairs > 0 && in.good(); --pairs) {
    std::string key(in.text());
    read.pushinfo.emplace_back(std::move(key), in.text());
  }
  if (before_visits) {
    const Attempt none;
    read.access = {.ip = std::move(read.access.ip), .hostname = std::move(read.access.hostname)};
    read.visit = none.visit;
    read.notify = none.notify;
    read.extensions = none.extensions;
  } else if (!read_visit(in, read)) {
    return broken;
  }
  if (!in.whole()) return broken;
  into = std::move(read);
  return {};
}

}  // namespace countersign::signin
