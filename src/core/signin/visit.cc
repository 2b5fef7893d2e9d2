// Context: "1;" and then fields, each LENGTH ":" BYTES ";", in the order of write_context; nothing after them.
#include "core/signin/visit.h"

#include <array>
#include <limits>
#include <utility>

#include "core/codec/fields.h"
#include "core/record/stored_event.h"

namespace countersign::signin {
namespace {

constexpr std::string_view kVersion = "1;";
constexpr std::size_t kContextBytesMax = 2 * record::kStoredEventMax;  // the event, and much less beside it
constexpr std::size_t kFailedMax = 100;

constexpr std::array<std::pair<VisitState, std::string_view>, 4> kStates = {{
    {VisitState::open, "open"},
    {VisitState::allowed, "allowed"},
    {VisitState::redeemed, "redeemed"},
    {VisitState::denied, "denied"},
}};

Result<Visit> ended(const Visit& visit, VisitState state, std::string_view reason, Instant now) {
  if (visit.state != VisitState::open || now >= visit.expires) {
    return Error{Errc::conflict, "the visit has ended already"};
  }
  Visit next = visit;
  next.state = state;
  next.reason = reason;
  next.ended = now;
  // What was for going on.
  next.challenge.clear();
  next.binding.reset();
  return next;
}

// The one list of plain texts before the repeated ones, for writing and for reading.
template <class Text, class V>
std::array<Text*, 16> texts_of(V& visit) {
  return {&visit.username,       &visit.back.uri,        &visit.back.state,     &visit.back.nonce,
          &visit.back.code_name, &visit.back.issuer,     &visit.access.ip,      &visit.access.hostname,
          &visit.access.browser, &visit.access.browser_version, &visit.access.os, &visit.access.os_version,
          &visit.problem,        &visit.reason,          &visit.reference,      &visit.event};
}

template <class Data, class V>
std::array<Data*, 3> bytes_of_visit(V& visit) {
  return {&visit.cookie_digest, &visit.browser_key, &visit.challenge};
}

void write_ids(codec::FieldWriter& out, const Visit& visit) {
  out.put(visit.planned_user.text());
  out.put(visit.browser.text());
  out.put(visit.push.text());
  out.put(visit.event_id.text());
}

void read_ids(codec::FieldReader& in, Visit& into) {
  into.planned_user = UserId::trusted(in.text());
  into.browser = BrowserId::trusted(in.text());
  into.push = AttemptId::trusted(in.text());
  into.event_id = EventId::trusted(in.text());
}

void write_binding(codec::FieldWriter& out, const std::optional<Binding>& binding) {
  out.put_number(binding ? 1 : 0);
  if (!binding) return;
  out.put(binding->phone.text());
  out.put(binding->activation_code);
}

std::optional<Binding> read_binding(codec::FieldReader& in) {
  if (in.number(1) == 0) return std::nullopt;
  Binding binding;
  binding.phone = PhoneId::trusted(in.text());
  binding.activation_code = in.text();
  return binding;
}

Result<void> read_context(std::string_view text, Visit& into) {
  codec::FieldReader in(text, kVersion, kContextBytesMax);
  Visit read = into;
  read_ids(in, read);
  for (std::string* field : texts_of<std::string>(read)) *field = in.text();
  for (Bytes* field : bytes_of_visit<Bytes>(read)) {
    const ByteView bytes = bytes_of(in.text());
    field->assign(bytes.begin(), bytes.end());
  }
  read.failed.clear();
  for (std::size_t left = in.number(kFailedMax); left > 0 && in.good(); --left) read.failed.emplace_back(in.text());
  read.binding = read_binding(in);
  const std::string_view remember = in.text();
  read.remember = remember == "yes" ? Remember::yes : Remember::no;
  read.ended = from_unix_ms(static_cast<std::int64_t>(in.number(std::numeric_limits<std::int64_t>::max())));
  if (!in.whole() || (remember != "yes" && remember != "no")) {
    return Error{Errc::malformed, "a visit's context is not of a form this version writes"};
  }
  into = std::move(read);
  return {};
}

}  // namespace

std::string_view name(VisitState state) {
  for (const auto& [s, text] : kStates) {
    if (s == state) return text;
  }
  std::abort();
}

std::optional<VisitState> visit_state(std::string_view text) {
  for (const auto& [s, known] : kStates) {
    if (known == text) return s;
  }
  return std::nullopt;
}

Result<Visit> allow(const Visit& visit, const record::AuthEvent& event, Instant now) {
  Visit next = TRY(ended(visit, VisitState::allowed, event.reason, now));
  next.event_id = event.id;
  next.event = record::encode(event);
  next.expires = now + kCodeLifetime;
  return next;
}

Result<Visit> deny(const Visit& visit, std::string_view reason, std::string_view reference, Instant now) {
  Visit next = TRY(ended(visit, VisitState::denied, reason, now));
  next.reference = reference;
  return next;
}

Result<Visit> redeem(const Visit& visit, Instant now) {
  switch (visit.state) {
    case VisitState::open:
    case VisitState::denied: return Error{Errc::refused, "code: none was given for this sign-in"};
    case VisitState::redeemed: return Error{Errc::refused, "code: it was used before"};
    case VisitState::allowed: break;
  }
  if (now >= visit.ended + kCodeLifetime) return Error{Errc::refused, "code: it is older than 60 s"};
  Visit next = visit;
  next.state = VisitState::redeemed;
  return next;
}

Secret encode_context(const Visit& visit) {
  codec::FieldWriter out(kVersion);
  write_ids(out, visit);
  for (const std::string* field : texts_of<const std::string>(visit)) out.put(*field);
  for (const Bytes* field : bytes_of_visit<const Bytes>(visit)) out.put(text_of(*field));
  out.put_number(visit.failed.size());
  for (const std::string& method : visit.failed) out.put(method);
  write_binding(out, visit.binding);
  switch (visit.remember) {
    case Remember::yes: out.put("yes"); break;
    case Remember::no: out.put("no"); break;
  }
  out.put_number(static_cast<std::size_t>(unix_ms(visit.ended)));
  return Secret(out.take());
}

Result<void> decode_context(const Secret& text, Visit& into) { return read_context(text.reveal(), into); }

}  // namespace countersign::signin
