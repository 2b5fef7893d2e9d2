// Context: "1;" and then fields, each LENGTH ":" BYTES ";", in the order of encode; nothing after them.
#include "core/signin/portal_session.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/codec/fields.h"

namespace countersign::signin {
namespace {

constexpr std::string_view kVersion = "1;";
constexpr std::size_t kContextBytesMax = 4096;
constexpr std::size_t kTimeMax = std::numeric_limits<std::int64_t>::max();

Instant read_time(codec::FieldReader& in) { return from_unix_ms(static_cast<std::int64_t>(in.number(kTimeMax))); }

void write_time(codec::FieldWriter& out, Instant time) { out.put_number(static_cast<std::size_t>(unix_ms(time))); }

}  // namespace

Instant session_end(const PortalSession& session, Instant now) {
  return std::min<Instant>(session.created + kPortalLifetime, now + kPortalIdle);
}

bool session_holds(const PortalSession& session, Instant now) {
  return session.created <= now + kClockSkew && now < session.created + kPortalLifetime;
}

bool freshly_proved(const PortalSession& session, factor::Strength wanted, Instant now) {
  return session.proof >= wanted && session.proved <= now + kClockSkew && now < session.proved + kProofFresh;
}

Secret encode(const PortalSession& session) {
  codec::FieldWriter out(kVersion);
  write_time(out, session.created);
  write_time(out, session.proved);
  out.put_number(static_cast<std::size_t>(session.proof));
  out.put_number(static_cast<std::size_t>(session.ceremony));
  out.put(text_of(session.challenge));
  out.put(session.next);
  out.put(session.once);
  out.put_number(session.binding ? 1 : 0);
  if (session.binding) {
    out.put(session.binding->phone.text());
    out.put(session.binding->activation_code);
  }
  return Secret(out.take());
}

Result<void> decode(const Secret& text, PortalSession& into) {
  codec::FieldReader in(text.reveal(), kVersion, kContextBytesMax);
  PortalSession read;
  read.created = read_time(in);
  read.proved = read_time(in);
  read.proof = static_cast<factor::Strength>(in.number(static_cast<std::size_t>(factor::Strength::phishing_resistant)));
  read.ceremony = static_cast<Ceremony>(in.number(static_cast<std::size_t>(Ceremony::create)));
  const ByteView challenge = bytes_of(in.text());
  read.challenge.assign(challenge.begin(), challenge.end());
  read.next = in.text();
  read.once = in.text();
  if (in.number(1) == 1) {
    Binding binding;
    binding.phone = PhoneId::trusted(in.text());
    binding.activation_code = in.text();
    read.binding = std::move(binding);
  }
  if (!in.whole()) return Error{Errc::malformed, "a portal session is not of a form this version writes"};
  into = std::move(read);
  return {};
}

}  // namespace countersign::signin
