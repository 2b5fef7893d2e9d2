// What every Keys does, inside this process and behind the process wall alike.
#include <gtest/gtest.h>

#include "core/crypto/sign.h"
#include "core/factor/bypass.h"
#include "core/factor/hotp.h"
#include "core/factor/push.h"
#include "core/factor/totp.h"
#include "testing/keyd.h"
#include "testing/manual_clock.h"
#include "testing/virtual_authenticator.h"

namespace countersign::keys {
namespace {

const Instant kNow = from_unix_s(1'700'000'010);
constexpr std::int64_t kDay = 20'779;  // 2026-11-22

enum class Where { inside, behind_the_wall };

class KeysContract : public ::testing::TestWithParam<Where> {
 protected:
  KeyFiles own;
  testing::SeededRandom& random = own.random;
  testing::ManualClock clock;
  const std::unique_ptr<LocalKeys> twin = *LocalKeys::open(own.files, random, clock);
  const std::unique_ptr<Keys> keys = GetParam() == Where::inside ? open_inside() : own.remote();
  const TenantId tenant = TenantId::trusted("DA1"), other = TenantId::trusted("DA2");

  std::unique_ptr<Keys> open_inside() { return *LocalKeys::open(own.files, random, clock); }
  Place place() const { return {tenant, "phones", "number", "DP1"}; }
  Enrolment enrolment(std::string kind, const Bytes& state) {
    Enrolment e;
    e.tenant = tenant;
    e.id = EnrolmentId::trusted("DH1");
    e.kind = std::move(kind);
    e.sealed_state = *twin->seal({e.tenant, "enrolments", "state", e.id.text()}, Secret(ByteView(state)));
    return e;
  }
  Application application(const char* secret) {
    Application app;
    app.tenant = tenant;
    app.id = AppId::trusted("DI1");
    app.sealed_secret = *twin->seal({tenant, "apps", "secret_key", app.id.text()}, Secret(secret));
    return app;
  }
};

INSTANTIATE_TEST_SUITE_P(Keys, KeysContract, ::testing::Values(Where::inside, Where::behind_the_wall),
                         [](const auto& at) { return at.param == Where::inside ? "Inside" : "BehindTheWall"; });

TEST_P(KeysContract, SealsAndOpensForOnePlace) {
  const Bytes sealed = *keys->seal(place(), Secret("+15550100100"));
  EXPECT_EQ(twin->unseal(place(), sealed)->reveal(), "+15550100100");
  EXPECT_EQ(keys->unseal(place(), *twin->seal(place(), Secret("x")))->reveal(), "x");
  EXPECT_EQ(keys->unseal({other, "phones", "number", "DP1"}, sealed).error().code, Errc::refused);
  EXPECT_EQ(keys->unseal(place(), {}).error().code, Errc::refused);
  EXPECT_EQ(keys->unseal(place(), *keys->reseal(place(), sealed))->reveal(), "+15550100100");
  EXPECT_EQ(keys->reseal({other, "phones", "number", "DP1"}, {}).error().code, Errc::refused);
}

TEST_P(KeysContract, SealsLargeValuesToo) {
  const std::string large(900'000, 'x');
  const Bytes sealed = *keys->seal(place(), Secret(std::string_view(large)));
  EXPECT_EQ(keys->unseal(place(), sealed)->reveal(), large);
}

TEST_P(KeysContract, SealsWithoutTenantOrRow) {
  const Place nowhere{TenantId(), "", "", ""};
  EXPECT_EQ(keys->unseal(nowhere, *keys->seal(nowhere, Secret()))->size(), 0u);
}

TEST_P(KeysContract, OpensANumberForSending) {
  Phone phone;
  phone.tenant = tenant;
  phone.id = PhoneId::trusted("DP1");
  EXPECT_EQ(keys->unseal_number_for_send(phone).error().code, Errc::not_found);
  phone.sealed_number = *twin->seal(place(), Secret("+15550100100"));
  EXPECT_EQ(keys->unseal_number_for_send(phone)->reveal(), "+15550100100");
}

TEST_P(KeysContract, KnowsSignatures) {
  const Application app = application("secret");
  for (const auto hash : {crypto::HashKind::sha1, crypto::HashKind::sha256, crypto::HashKind::sha512}) {
    const Bytes mac = crypto::hmac(hash, bytes_of("secret"), bytes_of("text"));
    EXPECT_TRUE(*keys->verify_signature(&app, hash, {"text"}, mac));
    EXPECT_FALSE(*keys->verify_signature(&app, hash, {"texT"}, mac));
    EXPECT_FALSE(*keys->verify_signature(nullptr, hash, {"text"}, mac));
  }
  Application moved = app;
  moved.tenant = other;
  EXPECT_EQ(keys->verify_signature(&moved, crypto::HashKind::sha1, {"text"}, {}).error().code, Errc::refused);
}

TEST_P(KeysContract, KnowsASignatureOfOneOfSeveralTexts) {
  const Application app = application("secret");
  const Bytes mac = crypto::hmac(crypto::HashKind::sha512, bytes_of("secret"), bytes_of("text"));
  EXPECT_TRUE(*keys->verify_signature(&app, crypto::HashKind::sha512, {"texT", "text", "t"}, mac));
  EXPECT_FALSE(*keys->verify_signature(&app, crypto::HashKind::sha512, {"texT", "t"}, mac));
  EXPECT_FALSE(*keys->verify_signature(&app, crypto::HashKind::sha512, {}, mac));
}

TEST_P(KeysContract, AnswersWhatIsInNoHurryOnceAndAlike) {
  const Application app = application("secret");
  const Bytes mac = crypto::hmac(crypto::HashKind::sha512, bytes_of("secret"), bytes_of("text"));
  const Secret seed("12345678901234567890");
  const Enrolment e = enrolment("totp", *factor::totp::enrol(seed, {}));
  const std::string code = *factor::totp::code_at(seed, {}, kNow);
  std::vector<std::string> told;
  const auto note = [&told](std::string what) {
    return [&told, what](const auto& answer) { told.push_back(what + (answer ? "" : " not")); };
  };
  keys->gather([&] { told.push_back("begins"); });
  keys->verify_signature_soon(&app, crypto::HashKind::sha512, {"text"}, mac,
                              [&](const Result<bool>& right) { told.push_back(*right ? "right" : "wrong"); });
  keys->verify_signature_soon(nullptr, crypto::HashKind::sha512, {"text"}, mac,
                              [&](const Result<bool>& right) { told.push_back(*right ? "right" : "wrong"); });
  keys->match_passcode_soon({e}, Secret(std::string_view(code)), kNow, note("matches"));
  keys->match_passcode_soon({e}, Secret("x"), kNow, note("matches"));
  keys->settle();
  keys->settle();
  std::erase(told, "begins");
  EXPECT_EQ(told, (std::vector<std::string>{"right", "wrong", "matches", "matches not"}));
}

TEST_P(KeysContract, SignsTokens) {
  const Application app = application("secret");
  EXPECT_EQ(*keys->sign_token(app, "e30.e30"), *twin->sign_token(app, "e30.e30"));
  EXPECT_EQ(keys->sign_token(app, "no token").error().code, Errc::malformed);
}

TEST_P(KeysContract, ChecksPasscodesOnce) {
  const Secret seed("12345678901234567890");
  Enrolment e = enrolment("totp", *factor::totp::enrol(seed, {}));
  const std::string code = *factor::totp::code_at(seed, {}, kNow);
  const Result<PasscodeMatch> next = keys->match_passcode({e}, Secret(std::string_view(code)), kNow);
  ASSERT_TRUE(next);
  e.sealed_state = next->sealed_next;
  EXPECT_EQ(keys->match_passcode({e}, Secret(std::string_view(code)), kNow).error().code, Errc::refused);
  EXPECT_EQ(keys->match_passcode({e}, Secret("x"), kNow).error().code, Errc::malformed);
}

TEST_P(KeysContract, FindsWhichOfSeveralEnrolmentsTakesACode) {
  const auto token = [this](const char* id, const char* seed) {
    Enrolment e = enrolment("hotp", {});
    e.id = EnrolmentId::trusted(id);
    const Bytes state = *factor::hotp::enrol(Secret(std::string_view(seed)), 6, 0);
    e.sealed_state = *twin->seal({e.tenant, "enrolments", "state", e.id.text()}, Secret(ByteView(state)));
    return e;
  };
  std::vector<Enrolment> several = {token("DH1", "09876543210987654321"), enrolment("push", {}),
                                    token("DH2", "12345678901234567890"), token("DH3", "12345678901234567890")};
  const Result<PasscodeMatch> second = keys->match_passcode(several, Secret("755224"), kNow);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->which, 2u) << "the first that takes it, and no other is touched";
  several[2].sealed_state = second->sealed_next;
  EXPECT_EQ(keys->match_passcode(several, Secret("755224"), kNow)->which, 3u) << "another token with the same seed";
  several[0].sealed_state = several[3].sealed_state;
  EXPECT_EQ(keys->match_passcode(several, Secret("287082"), kNow)->which, 2u) << "an altered one blocks no other";
  EXPECT_EQ(keys->match_passcode(several, Secret("000000"), kNow).error().code, Errc::refused);
  EXPECT_EQ(keys->match_passcode({several[1]}, Secret("755224"), kNow).error().code, Errc::malformed);
  EXPECT_EQ(keys->match_passcode({}, Secret("755224"), kNow).error().code, Errc::malformed);
}

TEST_P(KeysContract, FindsACounterAgain) {
  const Enrolment hotp = enrolment("hotp", *factor::hotp::enrol(Secret("12345678901234567890"), 6, 0));
  EXPECT_TRUE(keys->resync(hotp, Secret("755224"), Secret("287082"), Secret("359152")));
  EXPECT_EQ(keys->resync(hotp, Secret("755224"), Secret("359152"), Secret("287082")).error().code, Errc::refused);
}

TEST_P(KeysContract, ChecksADevicesSignature) {
  const crypto::Es256Key device = crypto::Es256Key::generate(random);
  const Enrolment push = enrolment("push", *factor::push::enrol(device.public_key().point()));
  EXPECT_TRUE(*keys->verify_device_signature(push, "text", device.sign(bytes_of("text"))));
  EXPECT_FALSE(*keys->verify_device_signature(push, "texT", device.sign(bytes_of("text"))));
  EXPECT_EQ(keys->verify_device_signature(enrolment("totp", {}), "text", {}).error().code, Errc::malformed);
}

TEST_P(KeysContract, ChecksAPasskey) {
  const std::string origin = "https://mfa.example";
  factor::webauthn::Ceremony ceremony;
  ceremony.rp = {"mfa.example", {origin}, {}};
  ceremony.challenge = Bytes(32, 7);
  const Bytes user(16, 1);
  testing::VirtualAuthenticator device;
  factor::webauthn::CreationOptions options;
  options.person = {user, "ada", "Ada"};
  const std::string made = device.create(factor::webauthn::creation_options_json(ceremony, options), origin);
  const auto credential =
      factor::webauthn::verify_registration(ceremony, *factor::webauthn::read_registration(made), {});
  const Enrolment passkey = enrolment("webauthn-roaming", factor::webauthn::encode(*credential));
  const auto response =
      *factor::webauthn::read_authentication(device.get(factor::webauthn::request_options_json(ceremony, {}), origin));
  const Result<Assertion> proven = keys->verify_assertion(passkey, ceremony, user, response);
  ASSERT_TRUE(proven) << proven.error().what;
  EXPECT_TRUE(proven->user_verified);
  ceremony.challenge[0] ^= 1;
  const Result<Assertion> refused = keys->verify_assertion(passkey, ceremony, user, response);
  EXPECT_EQ(refused.error().what, twin->verify_assertion(passkey, ceremony, user, response).error().what);
  EXPECT_EQ(factor::webauthn::encode(*keys->credential_of(passkey)), factor::webauthn::encode(*credential));
  EXPECT_EQ(keys->credential_of(enrolment("totp", {})).error().code, Errc::malformed);
}

TEST_P(KeysContract, DerivesNumbersAndDigests) {
  const AttemptId attempt = AttemptId::trusted("a-1");
  EXPECT_EQ(*keys->push_number(tenant, attempt, 6), *twin->push_number(tenant, attempt, 6));
  EXPECT_EQ(keys->push_number(tenant, attempt, -1).error().code, Errc::malformed);
  EXPECT_EQ(*keys->token_digest("purpose", Secret("token")), *twin->token_digest("purpose", Secret("token")));
}

TEST_P(KeysContract, BeginsAndReleasesEpochs) {
  const crypto::X25519PublicKey recipient = *keys->make_tenant_key(tenant);
  const Result<NewEpoch> epoch = keys->begin_epoch({tenant, kDay, "node-1", 8, {recipient}});
  ASSERT_TRUE(epoch) << epoch.error().what;
  const Release why{tenant, "c_1", "test"};
  EXPECT_EQ(keys->release_epoch(why, epoch->header)->reveal(), epoch->key.reveal());
  EXPECT_EQ(twin->release_epoch(why, epoch->header)->reveal(), epoch->key.reveal());
  EXPECT_EQ(*keys->tag_in_epoch(epoch->header, history::IndexedField::number, "+1555"),
            *twin->tag_in_epoch(epoch->header, history::IndexedField::number, "+1555"));
  EXPECT_EQ(keys->release_day(why, kDay)->reveal(), twin->release_day(why, kDay)->reveal());
  EXPECT_EQ(keys->release_day({other, "c", "p"}, kDay).error().code, Errc::not_found);
  ASSERT_TRUE(keys->forget_tenant_keys(tenant));
  EXPECT_EQ(keys->release_epoch(why, epoch->header).error().code, Errc::refused);
}

TEST_P(KeysContract, PreparesAndShredsMonths) {
  ASSERT_TRUE(keys->prepare_month("2026-11", {tenant, other}));
  ASSERT_TRUE(keys->prepare_month("2026-12", {tenant}));
  EXPECT_EQ(*keys->months_of(tenant), (std::vector<std::string>{"2026-11", "2026-12"}));
  ASSERT_TRUE(keys->shred_month(tenant, "2026-11"));
  EXPECT_EQ(*twin->months_of(tenant), std::vector<std::string>{"2026-12"});
  EXPECT_EQ(*keys->months_of(other), std::vector<std::string>{"2026-11"});
  EXPECT_EQ(keys->shred_month(tenant, "2026-11").error().code, Errc::not_found);
  EXPECT_EQ(keys->prepare_month("never", {}).error().code, Errc::malformed);
}

TEST_P(KeysContract, SignsNotes) {
  EXPECT_EQ(*keys->ledger_key(), *twin->ledger_key());
  EXPECT_EQ(*keys->sign_note("countersign/DA1\n1\nA\n"), *twin->sign_note("countersign/DA1\n1\nA\n"));
  EXPECT_EQ(keys->sign_note("other\n").error().code, Errc::malformed);
}

TEST_P(KeysContract, ChangesItsRootKey) {
  const Bytes before = *keys->seal(place(), Secret("x"));
  ASSERT_TRUE(keys->prepare_month("2026-11", {tenant}));
  const std::string first = keys->root_keys()->keys.front().id;
  const Result<std::string> added = keys->add_root_key(kNow);
  ASSERT_TRUE(added) << added.error().what;
  ASSERT_EQ(keys->root_keys()->keys.size(), 2u);
  ASSERT_TRUE(keys->know_root_key(*added));
  EXPECT_EQ(keys->know_root_key("00000000").error().code, Errc::not_found);
  const Result<void> used = keys->use_root_key(*added);
  ASSERT_TRUE(used) << used.error().what;
  EXPECT_EQ(keys->root_keys()->keys.front().id, *added);
  EXPECT_EQ(keys->root_keys()->keys.front().use, RootUse::seals);
  EXPECT_EQ(keys->unseal(place(), before)->reveal(), "x");
  const Bytes after = *keys->reseal(place(), before);
  EXPECT_EQ(keys->drop_root_key(*added).error().code, Errc::conflict);
  ASSERT_TRUE(keys->drop_root_key(first));
  EXPECT_EQ(keys->unseal(place(), before).error().code, Errc::refused);
  EXPECT_EQ(keys->unseal(place(), after)->reveal(), "x");
  EXPECT_EQ(keys->months_of(tenant)->size(), 1u);
}

}  // namespace
}  // namespace countersign::keys
