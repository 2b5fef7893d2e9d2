// Client data (WebAuthn Level 3 §5.8.1): what the browser says it was asked, and by whom.
#include <algorithm>

#include "core/codec/base64.h"
#include "core/codec/json_read.h"
#include "core/crypto/equal.h"
#include "core/factor/webauthn_parts.h"

namespace countersign::factor::webauthn {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

struct ClientData {
  std::string_view type, challenge, origin;
  bool cross_origin = false;
  std::optional<std::string_view> top_origin;
};

// A member that may be missing; nullptr where it is. Twice is nobody's: two readers would see two values.
Result<const codec::Json*> once(const codec::Json& object, std::string_view name) {
  if (object.count(name) > 1) return Error{Errc::malformed, "a member of the client data stands twice"};
  return object.find(name);
}

Result<std::string_view> text_member(const codec::Json& object, std::string_view name) {
  const codec::Json* found = TRY(once(object, name));
  if (!found) return Error{Errc::malformed, "client data without " + std::string(name)};
  return found->as_string();
}

// tokenBinding and members that are not known are passed over: §5.8.1.2 says that there will be others.
Result<ClientData> members(const codec::Json& object) {
  if (!object.is_object()) return Error{Errc::malformed, "client data that is no object"};
  ClientData out;
  out.type = TRY(text_member(object, "type"));
  out.challenge = TRY(text_member(object, "challenge"));
  out.origin = TRY(text_member(object, "origin"));
  if (const codec::Json* cross = TRY(once(object, "crossOrigin"))) out.cross_origin = TRY(cross->as_bool());
  if (const codec::Json* top = TRY(once(object, "topOrigin"))) out.top_origin = TRY(top->as_string());
  return out;
}

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

Error refused_at(int step, std::string_view what) {
  return {Errc::refused, "step " + std::to_string(step) + ": " + std::string(what)};
}

Error malformed_at(int step, std::string_view what) {
  return {Errc::malformed, "step " + std::to_string(step) + ": " + std::string(what)};
}

Result<void> check_client_data(const Steps& steps, const Ceremony& ceremony, ByteView client_data) {
  // Steps 5 and 6 (§7.2: 8 and 9): UTF-8, a byte order mark taken away, then JSON. Not UTF-8 is not JSON either.
  std::string_view text = text_of(client_data);
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const Result<codec::Json> json = codec::parse_json(text, kClientDataBytesMax);
  if (!json) return malformed_at(steps.json, "client data that is not JSON, or too long");
  const Result<ClientData> read = members(*json);
  if (!read) return malformed_at(steps.json, read.error().what);

  // Step 7 (10): made for this kind of ceremony.
  if (read->type != steps.type) return refused_at(steps.type_of, "client data of another type");

  // Step 8 (11): the challenge we gave. That it was ours to give, and is used up now, is the caller's (flow).
  if (ceremony.challenge.size() < kChallengeSizeMin) return refused_at(steps.challenge, "no challenge to compare with");
  const std::string challenge = codec::to_base64(codec::Base64::url, ceremony.challenge);
  if (!crypto::equal(read->challenge, challenge)) return refused_at(steps.challenge, "another challenge");

  // Step 9 (12): one of our origins, compared as a whole (§13.4.9).
  if (!has(ceremony.rp.origins, read->origin)) return refused_at(steps.origin, "another origin");

  // Step 10 (13): in a frame of another origin only where somebody may frame us.
  if (read->cross_origin && ceremony.rp.top_origins.empty())
    return refused_at(steps.cross_origin, "in a foreign frame");

  // Step 11 (14): framed by one of the pages that may. A browser that does not say by whom passes with step 10.
  if (read->top_origin && !has(ceremony.rp.top_origins, *read->top_origin)) {
    return refused_at(steps.top_origin, "framed by another page");
  }
  return {};
}

}  // namespace countersign::factor::webauthn
