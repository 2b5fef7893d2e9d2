#include "keys/local.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "core/crypto/sign.h"
#include "core/factor/bypass.h"
#include "core/factor/hotp.h"
#include "core/factor/push.h"
#include "core/factor/totp.h"
#include "testing/seeded_random.h"
#include "testing/virtual_authenticator.h"
#include "testing/vectors.h"

namespace countersign::keys {
namespace {

const Instant kNow = from_unix_s(1'700'000'010);

class TemporaryFolder {
  std::filesystem::path path_;

 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "countersign-keys-XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::ptrdiff_t files() const {
    return std::distance(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator());
  }
};

class LocalKeysTest : public ::testing::Test {
 protected:
  testing::SeededRandom random;
  TemporaryFolder folder;
  std::string root = folder.file("root.key");
  std::unique_ptr<LocalKeys> keys = made(root);
  const TenantId tenant = TenantId::trusted("DA1"), other_tenant = TenantId::trusted("DA2");

  std::unique_ptr<LocalKeys> made(const std::string& file) {
    EXPECT_TRUE(LocalKeys::create(file, random));
    return opened(file);
  }
  std::unique_ptr<LocalKeys> opened(const std::string& file) { return *LocalKeys::open(file, random); }
  Place place() const { return {tenant, "phones", "number", "DP1"}; }

  Enrolment enrolment(std::string kind, const Bytes& state) {
    Enrolment e;
    e.tenant = tenant;
    e.id = EnrolmentId::trusted("DH1");
    e.kind = std::move(kind);
    e.sealed_state = *keys->seal({e.tenant, "enrolments", "state", e.id.text()}, Secret(ByteView(state)));
    return e;
  }
  Application application(const std::string& id, const char* secret) {
    Application app;
    app.tenant = tenant;
    app.id = AppId::trusted(id);
    app.sealed_secret = *keys->seal({tenant, "apps", "secret_key", app.id.text()}, Secret(secret));
    return app;
  }
  bool signs(const Application& app, std::string_view secret) {
    const Bytes mac = crypto::hmac(crypto::HashKind::sha512, bytes_of(secret), bytes_of("text"));
    return *keys->verify_signature(&app, crypto::HashKind::sha512, {"text"}, mac);
  }
};

// --- the root key's file

TEST_F(LocalKeysTest, TheRootKeyIsOfTheOwnerAloneAndNothingIsLeftBeside) {
  struct stat found;
  ASSERT_EQ(::stat(root.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  EXPECT_EQ(found.st_size, 32);
  EXPECT_EQ(folder.files(), 1);
}

TEST_F(LocalKeysTest, AnOldRootKeyIsNeverWrittenOver) {
  const Bytes sealed = *keys->seal(place(), Secret("x"));
  EXPECT_EQ(LocalKeys::create(root, random).error().code, Errc::conflict);
  EXPECT_TRUE(opened(root)->unseal(place(), sealed));
  EXPECT_EQ(folder.files(), 1);
}

TEST_F(LocalKeysTest, ARootKeyThatOthersMayReadIsRefusedWithTheCure) {
  for (const mode_t mode : {0640u, 0604u, 0620u, 0610u}) {
    ASSERT_EQ(::chmod(root.c_str(), mode), 0);
    const auto opened = LocalKeys::open(root, random);
    EXPECT_EQ(opened.error().code, Errc::refused);
    EXPECT_NE(opened.error().what.find("chmod 600 " + root), std::string::npos);
  }
  ASSERT_EQ(::chmod(root.c_str(), 0400), 0);
  EXPECT_TRUE(LocalKeys::open(root, random));
}

TEST_F(LocalKeysTest, ARootKeyOfAnotherSizeIsRefused) {
  for (const int size : {0, 31, 33}) {
    const std::string file = folder.file("short" + std::to_string(size));
    std::ofstream(file) << std::string(static_cast<std::size_t>(size), 'k');
    ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
    EXPECT_EQ(LocalKeys::open(file, random).error().code, Errc::refused) << size;
  }
}

TEST_F(LocalKeysTest, AMissingRootKeyIsNotFoundAndAFolderIsNone) {
  EXPECT_EQ(LocalKeys::open(folder.file("none"), random).error().code, Errc::not_found);
  EXPECT_EQ(LocalKeys::open(std::filesystem::path(root).parent_path(), random).error().code, Errc::refused);
  EXPECT_EQ(LocalKeys::create(folder.file("no/folder"), random).error().code, Errc::unavailable);
}

// --- sealing

TEST_F(LocalKeysTest, OpensWhatItSealedAndHidesIt) {
  const Bytes sealed = *keys->seal(place(), Secret("+15550100100"));
  EXPECT_EQ(keys->unseal(place(), sealed)->reveal(), "+15550100100");
  EXPECT_EQ(text_of(sealed).find("0100"), std::string_view::npos);
  EXPECT_NE(sealed, *keys->seal(place(), Secret("+15550100100")));
}

TEST_F(LocalKeysTest, AMovedValueIsRefused) {
  const Bytes sealed = *keys->seal(place(), Secret("x"));
  const Place places[] = {{other_tenant, "phones", "number", "DP1"}, {tenant, "users", "number", "DP1"},
                          {tenant, "phones", "name", "DP1"},         {tenant, "phones", "number", "DP2"},
                          {tenant, "phonesn", "umber", "DP1"}};
  for (const Place& moved : places) EXPECT_EQ(keys->unseal(moved, sealed).error().code, Errc::refused) << moved.table;
}

TEST_F(LocalKeysTest, AnAlteredOrCutValueIsRefused) {
  const Bytes sealed = *keys->seal(place(), Secret("x"));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes altered = sealed;
    altered[i] ^= 1;
    EXPECT_EQ(keys->unseal(place(), altered).error().code, Errc::refused) << i;
    EXPECT_EQ(keys->unseal(place(), ByteView(sealed).first(i)).error().code, Errc::refused) << i;
  }
}

TEST_F(LocalKeysTest, ASecondInstanceOfTheSameRootOpensWhatTheFirstSealed) {
  const auto second = opened(root);
  EXPECT_EQ(second->unseal(place(), *keys->seal(place(), Secret("x")))->reveal(), "x");
  EXPECT_EQ(*second->push_number(tenant, AttemptId::trusted("1"), 6),
            *keys->push_number(tenant, AttemptId::trusted("1"), 6));
  EXPECT_EQ(*second->token_digest("a", Secret("t")), *keys->token_digest("a", Secret("t")));
}

TEST_F(LocalKeysTest, WithAnotherRootNothingOpens) {
  const auto stranger = made(folder.file("other.key"));
  EXPECT_EQ(stranger->unseal(place(), *keys->seal(place(), Secret("x"))).error().code, Errc::refused);
  EXPECT_NE(*stranger->token_digest("a", Secret("t")), *keys->token_digest("a", Secret("t")));
}

TEST_F(LocalKeysTest, ANumberIsOpenedForSendingOnlyInItsPlace) {
  Phone phone;
  phone.tenant = tenant;
  phone.id = PhoneId::trusted("DP1");
  EXPECT_EQ(keys->unseal_number_for_send(phone).error().code, Errc::not_found);
  phone.sealed_number = *keys->seal(place(), Secret("+15550100100"));
  EXPECT_EQ(keys->unseal_number_for_send(phone)->reveal(), "+15550100100");
  phone.id = PhoneId::trusted("DP2");
  EXPECT_EQ(keys->unseal_number_for_send(phone).error().code, Errc::refused);
}

// --- signatures

TEST_F(LocalKeysTest, KnowsASignatureOfEachHash) {
  const Application app = application("DI1", "secret");
  for (const auto hash : {crypto::HashKind::sha1, crypto::HashKind::sha256, crypto::HashKind::sha512}) {
    Bytes mac = crypto::hmac(hash, bytes_of("secret"), bytes_of("text"));
    EXPECT_TRUE(*keys->verify_signature(&app, hash, {"text"}, mac));
    EXPECT_FALSE(*keys->verify_signature(&app, hash, {"texT"}, mac));
    mac.back() ^= 1;
    EXPECT_FALSE(*keys->verify_signature(&app, hash, {"text"}, mac));
    mac.pop_back();
    EXPECT_FALSE(*keys->verify_signature(&app, hash, {"text"}, mac));
    EXPECT_FALSE(*keys->verify_signature(&app, hash, {"text"}, {}));
  }
}

TEST_F(LocalKeysTest, AnUnknownApplicationSignsNothing) {
  const Bytes mac = crypto::hmac(crypto::HashKind::sha512, {}, bytes_of("text"));
  EXPECT_FALSE(*keys->verify_signature(nullptr, crypto::HashKind::sha512, {"text"}, mac));
}

TEST_F(LocalKeysTest, ASecretThatWasResetIsGoneAtOnceWhateverTheVersionSays) {
  const Application before = application("DI1", "old");
  EXPECT_TRUE(signs(before, "old"));
  const Application after = application("DI1", "new");
  EXPECT_FALSE(signs(after, "old"));
  EXPECT_TRUE(signs(after, "new"));
}

TEST_F(LocalKeysTest, ASecretMovedToAnotherTenantOrApplicationIsRefusedAlsoWhenWarm) {
  const Application app = application("DI1", "secret");
  EXPECT_TRUE(signs(app, "secret"));
  Application moved = app;
  moved.tenant = other_tenant;
  EXPECT_EQ(keys->verify_signature(&moved, crypto::HashKind::sha512, {"text"}, {}).error().code, Errc::refused);
  moved = app;
  moved.id = AppId::trusted("DI2");
  EXPECT_EQ(keys->verify_signature(&moved, crypto::HashKind::sha512, {"text"}, {}).error().code, Errc::refused);
}

TEST_F(LocalKeysTest, SignsATokenUnderTheApplicationsSecret) {
  const Application app = application("DI1", "0123456789abcdefghijklmnopqrstuvwxyzABCD");
  // {"alg":"HS512","typ":"JWT"} . {}, reckoned by another HMAC.
  const std::string input = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.e30";
  const Bytes expected = testing::unhex("21b0e55a7b2c631e569373398a6211031f607fdb070b8aea6d56ede4059e58bc"
                                        "ca573a7a8401435185a2a0a3657baa125e8634e30f1ba3997bb5c4fac6f56b04");
  EXPECT_EQ(*keys->sign_token(app, input), expected);
  EXPECT_TRUE(*keys->verify_signature(&app, crypto::HashKind::sha512, {input}, expected));
  Application moved = app;
  moved.tenant = other_tenant;
  EXPECT_EQ(keys->sign_token(moved, input).error().code, Errc::refused);
}

TEST_F(LocalKeysTest, SignsNoRequestAsAToken) {
  const Application app = application("DI1", "secret");
  for (const char* text : {"", ".", "a.", ".b", "a", "a.b.c", "a.b\n", "POST\nhost\n/path\n", "a.b=", "a b.c", "a.b/c",
                           "a.b+c"}) {
    EXPECT_EQ(keys->sign_token(app, text).error().code, Errc::malformed) << text;
  }
}

// --- factors

TEST_F(LocalKeysTest, APasscodeWorksOnceAndItsNextStateIsSealedForTheSamePlace) {
  const Secret seed("12345678901234567890");
  Enrolment e = enrolment("totp", *factor::totp::enrol(seed, {}));
  const std::string code = *factor::totp::code_at(seed, {}, kNow);
  const Result<PasscodeMatch> next = keys->match_passcode({e}, Secret(std::string_view(code)), kNow);
  ASSERT_TRUE(next);
  e.sealed_state = next->sealed_next;
  EXPECT_EQ(keys->match_passcode({e}, Secret(std::string_view(code)), kNow).error().code, Errc::refused);
  EXPECT_EQ(keys->match_passcode({e}, Secret("x"), kNow).error().code, Errc::malformed);
  e.id = EnrolmentId::trusted("DH2");
  EXPECT_EQ(keys->match_passcode({e}, Secret(std::string_view(code)), kNow).error().code, Errc::refused);
}

TEST_F(LocalKeysTest, EachKindOfCodeIsChecked) {
  const factor::bypass::Issued issued = *factor::bypass::issue({}, random);
  const Secret code{std::string_view(issued.codes[3])};
  EXPECT_TRUE(keys->match_passcode({enrolment("bypass", issued.state)}, code, kNow));
  const Secret seed("12345678901234567890");
  const Enrolment hotp = enrolment("hotp", *factor::hotp::enrol(seed, 6, 0));
  EXPECT_TRUE(keys->match_passcode({hotp}, Secret("755224"), kNow));
  EXPECT_TRUE(keys->resync(hotp, Secret("755224"), Secret("287082"), Secret("359152")));
  EXPECT_EQ(keys->resync(hotp, Secret("755224"), Secret("359152"), Secret("287082")).error().code, Errc::refused);
}

TEST_F(LocalKeysTest, AFactorWithoutTypedCodesIsMalformed) {
  const Enrolment push = enrolment("push", {});
  EXPECT_EQ(keys->match_passcode({push}, Secret("123456"), kNow).error().code, Errc::malformed);
  EXPECT_EQ(keys->resync(push, Secret("1"), Secret("2"), Secret("3")).error().code, Errc::malformed);
  EXPECT_EQ(keys->match_passcode({enrolment("?", {})}, Secret("1"), kNow).error().code, Errc::malformed);
}

TEST_F(LocalKeysTest, ADeviceSignsForItself) {
  const crypto::Es256Key device = crypto::Es256Key::generate(random);
  const Enrolment push = enrolment("push", *factor::push::enrol(device.public_key().point()));
  EXPECT_TRUE(*keys->verify_device_signature(push, "text", device.sign(bytes_of("text"))));
  EXPECT_FALSE(*keys->verify_device_signature(push, "texT", device.sign(bytes_of("text"))));
  EXPECT_EQ(keys->verify_device_signature(enrolment("totp", {}), "text", {}).error().code, Errc::malformed);
}

class LocalKeysPasskeyTest : public LocalKeysTest {
 protected:
  const std::string origin = "https://mfa.example";
  const Bytes user = Bytes(16, 1);
  factor::webauthn::Ceremony ceremony;
  testing::VirtualAuthenticator device;
  Enrolment passkey;

  LocalKeysPasskeyTest() {
    ceremony.rp = {"mfa.example", {origin}, {}};
    ceremony.challenge = Bytes(32, 7);
    factor::webauthn::CreationOptions options;
    options.person = {user, "ada", "Ada"};
    const std::string made = device.create(factor::webauthn::creation_options_json(ceremony, options), origin);
    const auto credential =
        factor::webauthn::verify_registration(ceremony, *factor::webauthn::read_registration(made), {});
    passkey = enrolment("webauthn-roaming", factor::webauthn::encode(*credential));
  }
  factor::webauthn::AuthenticationResponse answer() {
    const std::string options = factor::webauthn::request_options_json(ceremony, {});
    return *factor::webauthn::read_authentication(device.get(options, origin));
  }
};

TEST_F(LocalKeysPasskeyTest, SignsInAndItsNextStateIsSealedForTheSamePlace) {
  const auto first = keys->verify_assertion(passkey, ceremony, user, answer());
  ASSERT_TRUE(first) << first.error().what;
  EXPECT_TRUE(first->user_verified);
  passkey.sealed_state = first->sealed_next;
  EXPECT_EQ(keys->credential_of(passkey)->sign_count, 1u);
  EXPECT_TRUE(keys->verify_assertion(passkey, ceremony, user, answer()));
}

TEST_F(LocalKeysPasskeyTest, RefusesAnAnswerThatIsNotRight) {
  device.lies.other_signer = true;
  EXPECT_EQ(keys->verify_assertion(passkey, ceremony, user, answer()).error().code, Errc::refused);
}

TEST_F(LocalKeysPasskeyTest, RefusesAStateOfAnotherRow) {
  const auto response = answer();
  passkey.id = EnrolmentId::trusted("DH2");
  EXPECT_EQ(keys->verify_assertion(passkey, ceremony, user, response).error().code, Errc::refused);
  EXPECT_EQ(keys->credential_of(passkey).error().code, Errc::refused);
}

TEST_F(LocalKeysPasskeyTest, TellsWhatOptionsAskFor) {
  const auto credential = keys->credential_of(passkey);
  ASSERT_TRUE(credential);
  EXPECT_EQ(credential->id, device.credentials[0].id);
  EXPECT_EQ(credential->transports, std::vector<std::string>{"usb"});
}

TEST_F(LocalKeysPasskeyTest, IsOfTwoKindsAndNoOther) {
  const auto response = answer();
  passkey.kind = "webauthn-platform";
  EXPECT_TRUE(keys->verify_assertion(passkey, ceremony, user, response));
  for (const char* other : {"push", "webauthn", ""}) {
    passkey.kind = other;
    EXPECT_EQ(keys->verify_assertion(passkey, ceremony, user, response).error().code, Errc::malformed);
    EXPECT_EQ(keys->credential_of(passkey).error().code, Errc::malformed);
  }
}

TEST_F(LocalKeysTest, APushNumberIsTheAttemptsAndSpreadEvenly) {
  const AttemptId one = AttemptId::trusted("1"), two = AttemptId::trusted("2");
  EXPECT_EQ(*keys->push_number(tenant, one, 6), *keys->push_number(tenant, one, 6));
  EXPECT_NE(*keys->push_number(tenant, one, 6), *keys->push_number(tenant, two, 6));
  EXPECT_NE(*keys->push_number(tenant, one, 6), *keys->push_number(other_tenant, one, 6));
  EXPECT_EQ(keys->push_number(tenant, one, 2).error().code, Errc::malformed);
  EXPECT_EQ(keys->push_number(tenant, one, 7).error().code, Errc::malformed);
  std::set<std::string> numbers;
  for (int i = 0; i < 2000; ++i) {
    const std::string number = *keys->push_number(tenant, AttemptId::trusted(std::to_string(i)), 3);
    ASSERT_EQ(number.size(), 3u);
    numbers.insert(number);
  }
  EXPECT_NEAR(static_cast<double>(numbers.size()), 865, 40);  // 1000 (1 − e^−2) of a thousand, when each is as likely
}

TEST_F(LocalKeysTest, ATokensDigestIsOfItsPurpose) {
  EXPECT_EQ(keys->token_digest("a", Secret("t"))->size(), 32u);
  EXPECT_NE(*keys->token_digest("a", Secret("t")), *keys->token_digest("b", Secret("t")));
  EXPECT_NE(*keys->token_digest("a", Secret("t")), *keys->token_digest("a", Secret("u")));
}

TEST_F(LocalKeysTest, WorksInParallel) {
  const Application app = application("DI1", "secret");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        const TenantId own = TenantId::trusted("DA" + std::to_string(i % 50));
        const Place at{own, "phones", "number", "DP1"};
        EXPECT_EQ(keys->unseal(at, *keys->seal(at, Secret("x")))->reveal(), "x");
        EXPECT_TRUE(signs(app, "secret"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(KeyCache, HoldsNoMoreThanItMay) {
  Cache<int> cache(64);
  for (int i = 0; i < 10'000; ++i) cache.put(std::to_string(i), std::make_shared<const int>(i));
  EXPECT_LE(cache.size(), 64u);
  EXPECT_EQ(*cache.find("9999"), 9999);
  EXPECT_EQ(cache.find("0"), nullptr);
}

TEST(KeyCache, KeepsWhatIsUsed) {
  Cache<int> cache(64);
  cache.put("used", std::make_shared<const int>(1));
  for (int i = 0; i < 1000; ++i) {
    cache.put(std::to_string(i), std::make_shared<const int>(i));
    ASSERT_NE(cache.find("used"), nullptr) << i;
  }
}

}  // namespace
}  // namespace countersign::keys
