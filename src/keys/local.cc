#include "keys/local.h"

#include <string.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <utility>

#include "core/crypto/equal.h"
#include "core/factor/factor.h"
#include "core/factor/hotp.h"
#include "core/factor/push.h"
#include "core/factor/webauthn.h"
#include "keys/wiped.h"

namespace countersign::keys {
namespace {

constexpr std::uint8_t kRootlessVersion = 1;  // of both seals, before they named their root key
constexpr std::uint8_t kVersion = 2;
constexpr int kPushDigitsMin = 3, kPushDigitsMax = 6;  // duo-api §3.1

Bytes associated(const Place& place) {
  Bytes out;
  out.reserve(16 + place.tenant.text().size() + place.table.size() + place.column.size() + place.row.size());
  for (const std::string_view field : {std::string_view(place.tenant.text()), place.table, place.column, place.row}) {
    put_field(out, field);
  }
  return out;
}

Place state_place(const Enrolment& e) { return {e.tenant, "enrolments", "state", e.id.text()}; }

// Two parts of base64url (RFC 7515 §5.1 step 5). What API requests sign has line ends.
bool is_signing_input(std::string_view text) {
  const auto digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  const std::size_t dot = text.find('.');
  if (dot == 0 || dot == text.npos || dot + 1 == text.size()) return false;
  return std::ranges::all_of(text.substr(0, dot), digit) && std::ranges::all_of(text.substr(dot + 1), digit);
}

// What stands before a seal that names its root key.
Bytes named_head(const RootId& root) {
  Bytes out = {kVersion};
  append(out, root);
  return out;
}

// For keys whose releases bear no time.
class NoClock : public Clock {
 public:
  Instant now() const override { return {}; }
};
const NoClock kNoClock;

Error altered() { return {Errc::refused, "a sealed value was moved or altered"}; }

bool is_webauthn(const Enrolment& e) {
  return e.kind == factor::webauthn::kPlatformKind.name || e.kind == factor::webauthn::kRoamingKind.name;
}

Error other_root() {
  return {Errc::refused, "a value is sealed under a root key that is not here; restore root.key from its backup"};
}

// Calls `open(key, rest)` with the root key that a sealed value names, or else with each of the list until one fits.
template <class T, class Open>
Result<T> with_root(const RootKeys& roots, ByteView sealed, const Open& open) {
  if (sealed.empty()) return altered();
  if (sealed[0] == kVersion && sealed.size() >= 1 + kRootIdSize) {
    const std::optional<RootKey> root = roots.find(sealed.subspan(1, kRootIdSize));
    if (!root) return other_root();
    Result<T> out = open(*root, sealed.subspan(1 + kRootIdSize));
    if (!out) return altered();
    return out;
  }
  for (std::size_t i = 0; sealed[0] == kRootlessVersion && i < roots.size(); ++i) {
    Result<T> out = open(roots.at(i), sealed.subspan(1));
    if (out) return out;
  }
  return altered();
}

Error no_credential() { return {Errc::malformed, "no passkey or security key is bound by this enrolment"}; }

std::shared_ptr<const crypto::AeadKey> aead_key(const Wiped& key) {
  Result<crypto::AeadKey> made = crypto::AeadKey::from_bytes(key.view());
  return std::make_shared<const crypto::AeadKey>(std::move(*made));  // derive() gives 32 bytes
}

}  // namespace

// An application's secret key, ready for each hash. Valid for exactly that sealed value: another secret under the same
// id – a key that was reset, or an application made anew – is another sealed value.
struct LocalKeys::AppKeys {
  TenantId tenant;
  Bytes sealed;
  crypto::MacKey sha1, sha256, sha512;

  AppKeys(TenantId of, Bytes sealed_secret, ByteView secret)
      : tenant(std::move(of)),
        sealed(std::move(sealed_secret)),
        sha1(crypto::HashKind::sha1, secret),
        sha256(crypto::HashKind::sha256, secret),
        sha512(crypto::HashKind::sha512, secret) {}

  bool checks(crypto::HashKind hash, std::string_view text, ByteView mac) const {
    const crypto::MacKey& key = of(hash);
    const ByteView message = bytes_of(text);
    std::array<std::uint8_t, crypto::kDigestMax> expected;
    const std::size_t size = key.mac_into(std::span(&message, 1), expected);
    return crypto::equal(ByteView(expected).first(size), mac);
  }

 private:
  const crypto::MacKey& of(crypto::HashKind hash) const {
    switch (hash) {
      case crypto::HashKind::sha1: return sha1;
      case crypto::HashKind::sha256: return sha256;
      case crypto::HashKind::sha512: return sha512;
    }
    std::abort();
  }
};

LocalKeys::LocalKeys(RootKeys roots, Random& random) : LocalKeys(std::move(roots), "", random, kNoClock) {}

LocalKeys::LocalKeys(RootKeys roots, std::string keyring, Random& random, const Clock& clock)
    : roots_(std::make_shared<const RootKeys>(std::move(roots))),
      random_(random),
      has_keyring_(!keyring.empty()),
      history_(std::move(keyring), head_keys(*roots_), random, clock) {
  const Wiped secret(random_bytes(random_, crypto::kDigestMax));
  nobody_ = std::make_shared<const AppKeys>(TenantId(), Bytes(), secret.view());
}

LocalKeys::~LocalKeys() = default;

Result<std::unique_ptr<LocalKeys>> LocalKeys::open(const Files& files, Random& random, const Clock& clock) {
  RootSource source = TRY(RootSource::parse(files.root_source, files.root_key));
  RootKeys roots = TRY(source.read());
  auto out = std::make_unique<LocalKeys>(std::move(roots), files.keyring, random, clock);
  out->source_.emplace(std::move(source));
  return out;
}

Result<std::unique_ptr<LocalKeys>> LocalKeys::open(const std::string& root_key_file, Random& random) {
  return open({.root_key = root_key_file,
               .keyring = std::filesystem::path(root_key_file).replace_filename("keyring")},
              random, kNoClock);
}

std::shared_ptr<const RootKeys> LocalKeys::roots() const {
  const std::lock_guard lock(roots_mutex_);
  return roots_;
}

std::shared_ptr<const crypto::AeadKey> LocalKeys::seal_key(const RootKey& root, const TenantId& tenant) {
  const std::string name = std::string(text_of(root.id)) + tenant.text();
  if (auto known = seal_keys_.find(name)) return known;
  auto made = aead_key(Wiped(derive(root.key, "seal/v0", tenant.text(), {})));
  seal_keys_.put(name, made);
  return made;
}

std::shared_ptr<const crypto::MacKey> LocalKeys::push_key(const TenantId& tenant) {
  if (auto known = push_keys_.find(tenant.text())) return known;
  const Wiped key(derive(roots()->digest_key(), "push-number/v1", tenant.text(), {}));
  auto made = std::make_shared<const crypto::MacKey>(crypto::HashKind::sha256, key.view());
  push_keys_.put(tenant.text(), made);
  return made;
}

std::shared_ptr<const crypto::MacKey> LocalKeys::token_key(std::string_view purpose) {
  if (auto known = token_keys_.find(purpose)) return known;
  const Wiped key(roots()->token_key(purpose));
  auto made = std::make_shared<const crypto::MacKey>(crypto::HashKind::sha256, key.view());
  token_keys_.put(purpose, made);
  return made;
}

Result<std::shared_ptr<const LocalKeys::AppKeys>> LocalKeys::app_keys(const Application& app) {
  if (auto known = app_keys_.find(app.id.text())) {
    if (known->tenant == app.tenant && known->sealed == app.sealed_secret) return known;
  }
  const Secret secret = TRY(unseal({app.tenant, "apps", "secret_key", app.id.text()}, app.sealed_secret));
  auto made = std::make_shared<const AppKeys>(app.tenant, app.sealed_secret, secret.reveal_bytes());
  app_keys_.put(app.id.text(), made);
  return made;
}

Bytes LocalKeys::Sealer::seal(ByteView plain) const {
  const std::shared_ptr<const RootKeys> roots = keys.roots();
  Bytes out = named_head(roots->newest().id);
  append(out, keys.seal_key(roots->newest(), tenant)->seal(keys.random_, bound, plain));
  return out;
}

Result<Secret> LocalKeys::Sealer::open(ByteView sealed) const {
  const std::shared_ptr<const RootKeys> roots = keys.roots();
  return with_root<Secret>(*roots, sealed, [&](const RootKey& root, ByteView rest) {
    return keys.seal_key(root, tenant)->open_secret(bound, rest);
  });
}

LocalKeys::Sealer LocalKeys::sealer(const Place& place) { return {*this, place.tenant, associated(place)}; }

Result<Bytes> LocalKeys::seal(const Place& place, const Secret& plain) {
  return sealer(place).seal(plain.reveal_bytes());
}

Result<Secret> LocalKeys::unseal(const Place& place, ByteView sealed) { return sealer(place).open(sealed); }

Result<bool> LocalKeys::verify_signature(const Application* app, crypto::HashKind hash, const Texts& texts,
                                         ByteView mac) {
  const std::shared_ptr<const AppKeys> keys = app ? TRY(app_keys(*app)) : nobody_;
  bool right = false;
  for (const std::string_view text : texts) right = right || keys->checks(hash, text, mac);
  return app && right;
}

Result<Bytes> LocalKeys::sign_token(const Application& app, std::string_view signing_input) {
  if (!is_signing_input(signing_input)) return Error{Errc::malformed, "not a token's header and payload"};
  const std::shared_ptr<const AppKeys> keys = TRY(app_keys(app));
  return keys->sha512.mac(bytes_of(signing_input));
}

Result<PasscodeMatch> LocalKeys::match_passcode(const std::vector<Enrolment>& enrolments, const Secret& passcode,
                                                Instant now) {
  Error why{Errc::malformed, "no factor to try the code on"};
  for (std::uint32_t i = 0; i < enrolments.size(); ++i) {
    Result<Bytes> next = verify_passcode(enrolments[i], passcode, now);
    if (next) return PasscodeMatch{i, *std::move(next)};
    if (why.code != Errc::refused) why = std::move(next).error();
  }
  return why;
}

Result<Bytes> LocalKeys::verify_passcode(const Enrolment& enrolment, const Secret& passcode, Instant now) {
  const factor::Kind* kind = factor::kind(enrolment.kind);
  if (!kind || !kind->verify) return Error{Errc::malformed, "this factor takes no typed code"};
  const Sealer place = sealer(state_place(enrolment));
  const Secret state = TRY(place.open(enrolment.sealed_state));
  factor::Verified verified = TRY(kind->verify(state.reveal_bytes(), passcode, now));
  const Wiped next(std::move(verified.next_state));
  return place.seal(next.view());
}

Result<Bytes> LocalKeys::resync(const Enrolment& enrolment, const Secret& code1, const Secret& code2,
                                const Secret& code3) {
  if (enrolment.kind != factor::hotp::kKind.name) return Error{Errc::malformed, "only HOTP tokens have a counter"};
  const Sealer place = sealer(state_place(enrolment));
  const Secret state = TRY(place.open(enrolment.sealed_state));
  factor::Verified verified = TRY(factor::hotp::resync(state.reveal_bytes(), code1, code2, code3));
  const Wiped next(std::move(verified.next_state));
  return place.seal(next.view());
}

Result<bool> LocalKeys::verify_device_signature(const Enrolment& enrolment, std::string_view message,
                                                ByteView signature) {
  if (enrolment.kind != factor::push::kKind.name) return Error{Errc::malformed, "no device is bound by this enrolment"};
  const Secret state = TRY(unseal(state_place(enrolment), enrolment.sealed_state));
  const Result<void> checked = factor::push::verify_signature(state.reveal_bytes(), message, signature);
  if (checked) return true;
  if (checked.error().code == Errc::refused) return false;
  return checked.error();
}

Result<Assertion> LocalKeys::verify_assertion(const Enrolment& enrolment, const factor::webauthn::Ceremony& ceremony,
                                              ByteView user_handle,
                                              const factor::webauthn::AuthenticationResponse& response) {
  if (!is_webauthn(enrolment)) return no_credential();
  const Sealer place = sealer(state_place(enrolment));
  const Secret state = TRY(place.open(enrolment.sealed_state));
  const factor::webauthn::Proven proven =
      TRY(factor::webauthn::verify_authentication(state.reveal_bytes(), ceremony, user_handle, response));
  return Assertion{place.seal(proven.next_state), proven.user_verified};
}

Result<factor::webauthn::Credential> LocalKeys::credential_of(const Enrolment& enrolment) {
  if (!is_webauthn(enrolment)) return no_credential();
  const Secret state = TRY(unseal(state_place(enrolment), enrolment.sealed_state));
  return factor::webauthn::decode(state.reveal_bytes());
}

// A number from 64 bits modulo 10^digits: at most one in 10^13 off from even.
Result<std::string> LocalKeys::push_number(const TenantId& tenant, const AttemptId& attempt, int digits) {
  if (digits < kPushDigitsMin || digits > kPushDigitsMax) {
    return Error{Errc::malformed, "a push has a number of 3 to 6 digits"};
  }
  const Bytes mac = push_key(tenant)->mac(bytes_of(attempt.text()));
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8 | mac[i];
  std::string text(static_cast<std::size_t>(digits), '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, number /= 10) {
    *digit = static_cast<char>('0' + number % 10);
  }
  return text;
}

Result<Secret> LocalKeys::unseal_number_for_send(const Phone& phone) {
  if (phone.sealed_number.empty()) return Error{Errc::not_found, "this phone has no number"};
  return unseal({phone.tenant, "phones", "number", phone.id.text()}, phone.sealed_number);
}

namespace {

// Where a key stands that nodes with a keyring each share.
Place shared_place(const TenantId& tenant, std::string_view name) { return {tenant, "key_exchange", "key", name}; }

}  // namespace

Result<Bytes> LocalKeys::share_key(const TenantId& tenant, const std::string& name) {
  return seal(shared_place(tenant, name), TRY(history_.key_to_share(tenant, name)));
}

Result<void> LocalKeys::adopt_key(const TenantId& tenant, const std::string& name, ByteView sealed) {
  const Secret key = TRY(unseal(shared_place(tenant, name), sealed));
  return history_.adopt(tenant, name, key);
}

Result<Bytes> LocalKeys::token_digest(std::string_view purpose, const Secret& token) {
  return token_key(purpose)->mac(token.reveal_bytes());
}

}  // namespace countersign::keys
