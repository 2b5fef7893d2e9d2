#include "core/policy/policy.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "core/factor/webauthn.h"

namespace countersign::policy {
namespace {

using Words = std::vector<std::string>;
using Networks = std::vector<Network>;

inline constexpr std::size_t kStoredBytesMax = 256 * 1024;
inline constexpr int kLockoutMinutesMin = 5, kLockoutMinutesMax = 30000;  // duo-api §5.4

template <class E>
using Spelling = std::pair<E, std::string_view>;

constexpr std::array<Spelling<UserAuthBehavior>, 3> kUserAuth = {{
    {UserAuthBehavior::enforce, "enforce"}, {UserAuthBehavior::bypass, "bypass"}, {UserAuthBehavior::deny, "deny"}}};
constexpr std::array<Spelling<NewUserBehavior>, 3> kNewUser = {{
    {NewUserBehavior::enroll, "enroll"}, {NewUserBehavior::no_mfa, "no-mfa"}, {NewUserBehavior::deny, "deny"}}};
constexpr std::array<Spelling<PlainPush>, 2> kPlainPush = {{{PlainPush::deny, "deny"}, {PlainPush::allow, "allow"}}};
constexpr std::array<Spelling<UserVerification>, 2> kUserVerification = {
    {{UserVerification::required, "required"}, {UserVerification::preferred, "preferred"}}};
constexpr std::array<Spelling<PushUnknownDevice>, 2> kPushUnknown = {
    {{PushUnknownDevice::deny, "deny"}, {PushUnknownDevice::allow, "allow"}}};

// Words separated by commas, without blanks around them; none may be empty.
Result<Words> words(std::string_view text) {
  Words out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    std::string_view word = text.substr(at, comma - at);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (word.empty()) return Error{Errc::malformed, "an entry of the list is empty"};
    if (out.size() == kNetworksMax) return Error{Errc::malformed, "a list has at most 1000 entries"};
    out.emplace_back(word);
    at = comma + 1;
  }
  return out;
}

template <class E, std::size_t kCount>
Result<E> read_word(const std::array<Spelling<E>, kCount>& spellings, std::string_view value) {
  std::string known;
  for (const auto& [e, word] : spellings) {
    if (word == value) return e;
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  return Error{Errc::malformed, "its value is one of " + known};
}

template <class E, std::size_t kCount>
std::string write_word(const std::array<Spelling<E>, kCount>& spellings, E value) {
  for (const auto& [e, word] : spellings) {
    if (e == value) return std::string(word);
  }
  std::abort();
}

Result<int> read_number(std::string_view value, int from, int to, bool zero_too) {
  int number = 0;
  const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool in_range = (number >= from && number <= to) || (zero_too && number == 0);
  if (failed != std::errc() || end != value.data() + value.size() || !in_range) {
    return Error{Errc::malformed, std::string("its value is a number from ") + std::to_string(from) + " to " +
                                      std::to_string(to) + (zero_too ? ", or 0" : "")};
  }
  return number;
}

Result<Words> read_methods(std::string_view value) {
  Words methods = TRY(words(value));
  for (const std::string& method : methods) {
    if (std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end()) continue;
    std::string known;
    for (const std::string_view m : kMethods) known += (known.empty() ? "" : ", ") + std::string(m);
    return Error{Errc::malformed, "its values, separated by commas, are of " + known};
  }
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  return methods;
}

Result<Words> read_aaguids(std::string_view value) {
  Words out;
  for (const std::string& word : TRY(words(value))) {
    const auto read = factor::webauthn::read_aaguid(word);
    if (!read) {
      return Error{Errc::malformed, "its values are AAGUIDs, such as 08987058-cadc-4b81-b6e1-30de50dcbe96"};
    }
    if (out.size() == kAaguidsMax) return Error{Errc::malformed, "at most 1000 AAGUIDs"};
    out.push_back(factor::webauthn::text(*read));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::string join(const Words& list) {
  std::string out;
  for (const std::string& word : list) out += (out.empty() ? "" : ",") + word;
  return out;
}

Result<Networks> read_networks(std::string_view value) {
  Networks out;
  for (const std::string& word : TRY(words(value))) out.push_back(TRY(Network::parse(word)));
  return out;
}

std::string write_networks(const Networks& networks) {
  Words texts;
  for (const Network& network : networks) texts.push_back(network.text());
  return join(texts);
}

// One line a key: how it is read, how it is written, under which name. The command line, the store and the console
// all go through this table, so a new key is one line here and one member in policy.h.
struct Key {
  std::string_view name;
  Result<void> (*set)(Policy&, std::string_view value);    // "" unsets
  std::optional<std::string> (*get)(const Policy&);
};

template <auto kMember, auto kRead>
Result<void> set_member(Policy& policy, std::string_view value) {
  if (value.empty()) {
    (policy.*kMember).reset();
  } else {
    policy.*kMember = TRY(kRead(value));
  }
  return {};
}

template <auto kMember, auto kWrite>
std::optional<std::string> get_member(const Policy& policy) {
  if (!(policy.*kMember)) return std::nullopt;
  return kWrite(*(policy.*kMember));
}

template <auto kMember, auto kRead, auto kWrite>
constexpr Key key(std::string_view name) {
  return {name, set_member<kMember, kRead>, get_member<kMember, kWrite>};
}

template <const auto& kSpellings>
constexpr auto kReadWord = [](std::string_view value) { return read_word(kSpellings, value); };
template <const auto& kSpellings>
constexpr auto kWriteWord = [](auto value) { return write_word(kSpellings, value); };

enum class Zero { no, yes };
template <int kFrom, int kTo, Zero kZero = Zero::no>
constexpr auto kReadNumber = [](std::string_view value) {
  return read_number(value, kFrom, kTo, kZero == Zero::yes);
};
constexpr auto kWriteNumber = [](int value) { return std::to_string(value); };

constexpr std::array kKeys = {
    key<&Policy::user_auth_behavior, kReadWord<kUserAuth>, kWriteWord<kUserAuth>>("user_auth_behavior"),
    key<&Policy::new_user_behavior, kReadWord<kNewUser>, kWriteWord<kNewUser>>("new_user_behavior"),
    key<&Policy::allowed_auth_list, read_methods, join>("allowed_auth_list"),
    key<&Policy::blocked_auth_list, read_methods, join>("blocked_auth_list"),
    key<&Policy::verified_push_digits, kReadNumber<kPushDigitsMin, kPushDigitsMax>, kWriteNumber>(
        "verified_push_digits"),
    key<&Policy::plain_push, kReadWord<kPlainPush>, kWriteWord<kPlainPush>>("plain_push"),
    key<&Policy::user_verification, kReadWord<kUserVerification>, kWriteWord<kUserVerification>>("user_verification"),
    key<&Policy::attestation_aaguids, read_aaguids, join>("attestation_aaguids"),
    key<&Policy::push_unknown_device, kReadWord<kPushUnknown>, kWriteWord<kPushUnknown>>("push_unknown_device"),
    key<&Policy::no_2fa_required, read_networks, write_networks>("no_2fa_required"),
    key<&Policy::blocked_networks, read_networks, write_networks>("blocked_networks"),
    key<&Policy::remembered_devices_days, kReadNumber<0, 365>, kWriteNumber>("remembered_devices_days"),
    key<&Policy::lockout_threshold, kReadNumber<1, 1000>, kWriteNumber>("lockout_threshold"),
    key<&Policy::lockout_expire_minutes, kReadNumber<kLockoutMinutesMin, kLockoutMinutesMax, Zero::yes>, kWriteNumber>(
        "lockout_expire_minutes"),
};

}  // namespace

bool Effective::allows(std::string_view method) const {
  const auto has = [&](const auto& list) { return std::find(list.begin(), list.end(), method) != list.end(); };
  if (!has(kMethods) || has(blocked_auth_list)) return false;
  return allowed_auth_list.empty() || has(allowed_auth_list);
}

Result<void> set(Policy& policy, std::string_view name, std::string_view value) {
  std::string known;
  for (const Key& key : kKeys) {
    if (key.name == name) {
      const Result<void> done = key.set(policy, value);
      if (!done) return Error{done.error().code, std::string(name) + ": " + done.error().what};
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string(key.name);
  }
  return Error{Errc::malformed, "no such policy key; the keys are " + known};
}

std::vector<std::pair<std::string, std::string>> entries(const Policy& policy) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const Key& key : kKeys) {
    if (std::optional<std::string> value = key.get(policy)) out.emplace_back(key.name, std::move(*value));
  }
  return out;
}

std::string encode(const Policy& policy) {
  codec::JsonWriter json;
  json.begin_object();
  for (const auto& [name, value] : entries(policy)) json.key(name).string(value);
  json.end_object();
  return json.take();
}

Result<Policy> decode(std::string_view text) {
  const codec::Json json = TRY(codec::parse_json(text, kStoredBytesMax));
  if (!json.is_object()) return Error{Errc::malformed, "a stored policy is a JSON object"};
  Policy policy;
  for (const auto& [name, value] : json.members()) {
    if (json.count(name) != 1) return Error{Errc::malformed, "a policy key stands twice"};
    const std::string_view word = TRY(value.as_string());
    if (word.empty()) return Error{Errc::malformed, "a stored policy key has no value"};
    TRY(set(policy, name, word));
  }
  return policy;
}

}  // namespace countersign::policy
