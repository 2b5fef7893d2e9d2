#include "core/codec/jwt.h"

#include <gtest/gtest.h>

#include "core/codec/base64.h"
#include "core/crypto/equal.h"
#include "core/crypto/mac.h"
#include "core/crypto/sign.h"
#include "testing/seeded_random.h"
#include "testing/vectors.h"

namespace countersign::codec {
namespace {

constexpr std::string_view kSecret = "0123456789abcdefghijklmnopqrstuvwxyzABCD";
constexpr std::string_view kHeader = R"({"alg":"HS512","typ":"JWT"})";

std::string url(std::string_view text) { return to_base64(Base64::url, bytes_of(text)); }

Bytes hs512(std::string_view key, std::string_view text) {
  return crypto::hmac(crypto::HashKind::sha512, bytes_of(key), bytes_of(text));
}

std::string signed_with(std::string_view header, std::string_view payload, std::string_view key = kSecret) {
  const std::string input = url(header) + "." + url(payload);
  return jwt(input, hs512(key, input));
}

bool verifies(const JwtParts& token, std::string_view key) {
  return crypto::equal(hs512(key, token.signing_input), token.signature);
}

Errc error_of(std::string_view compact) {
  const auto read = read_jwt(compact, JwtAlgorithm::hs512);
  return read ? Errc::unavailable : read.error().code;
}

Json claims(std::string_view text) { return *parse_json(text); }

TEST(Jwt, ReadsWhatItWrote) {
  std::string input = jwt_signing_input(JwtAlgorithm::hs512, R"({"sub":"ada"})");
  const std::string compact = jwt(input, hs512(kSecret, input));
  const auto read = read_jwt(compact, JwtAlgorithm::hs512);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->signing_input, input);
  EXPECT_TRUE(verifies(*read, kSecret));
  EXPECT_EQ(*(*read->header.need("alg"))->as_string(), "HS512");
  EXPECT_EQ(*(*read->header.need("typ"))->as_string(), "JWT");
  EXPECT_EQ(*(*read->payload.need("sub"))->as_string(), "ada");
  EXPECT_EQ(jwt(read->signing_input, read->signature), compact);
}

TEST(Jwt, WritesOneTextForOnePayload) {
  EXPECT_EQ(jwt_signing_input(JwtAlgorithm::hs512, "{}"), "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.e30");
  EXPECT_EQ(jwt_signing_input(JwtAlgorithm::es256, "{}"), "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.e30");
  EXPECT_EQ(jwt("a.b", Bytes{0xfb, 0xff}), "a.b.-_8");
}

TEST(Jwt, SignsAndVerifiesWithEs256) {
  testing::SeededRandom random;
  const auto key = crypto::Es256Key::generate(random);
  std::string input = jwt_signing_input(JwtAlgorithm::es256, R"({"sub":"ada"})");
  const auto read = read_jwt(jwt(input, key.sign(bytes_of(input))), JwtAlgorithm::es256);
  ASSERT_TRUE(read);
  EXPECT_TRUE(key.public_key().verify(bytes_of(read->signing_input), read->signature));
  EXPECT_FALSE(crypto::Es256Key::generate(random).public_key().verify(bytes_of(input), read->signature));
}

TEST(Jwt, TakesTheAlgorithmFromTheCallerAndNeverFromTheHeader) {
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"NONE"})", R"({"alg":""})", R"({"alg":null})", R"({"alg":["HS512"]})",
        R"({"alg":"hs512"})", R"({"alg":"HS512 "})", R"({"alg":"HS256"})", R"({"alg":"ES256"})", R"({"alg":"RS256"})",
        R"({"typ":"JWT"})", "{}"}) {
    EXPECT_EQ(error_of(signed_with(header, "{}")), Errc::refused) << header;
  }
  EXPECT_EQ(error_of(url(R"({"alg":"none"})") + "." + url("{}") + "."), Errc::refused);
  const auto es256 = read_jwt(signed_with(kHeader, "{}"), JwtAlgorithm::es256);
  EXPECT_EQ(es256.error().code, Errc::refused);
}

TEST(Jwt, RefusesHeadersThatChangeWhatIsSigned) {
  for (const char* header : {"crit", "b64", "jku", "jwk", "x5u", "x5c", "zip", "enc", "cty"}) {
    const std::string text = R"({"alg":"HS512",")" + std::string(header) + R"(":false})";
    EXPECT_EQ(error_of(signed_with(text, "{}")), Errc::refused) << header;
  }
}

TEST(Jwt, LetsHeadersPassThatMerelyNameSomething) {
  const auto read = read_jwt(signed_with(R"({"kid":"1","alg":"HS512","typ":"at+jwt","x5t":"a"})", "{}"),
                             JwtAlgorithm::hs512);
  ASSERT_TRUE(read);
  EXPECT_EQ(*(*read->header.need("typ"))->as_string(), "at+jwt");
}

TEST(Jwt, VerifiesUnderItsOwnKeyAlone) {
  const auto read = read_jwt(signed_with(kHeader, "{}"), JwtAlgorithm::hs512);
  ASSERT_TRUE(read);
  EXPECT_TRUE(verifies(*read, kSecret));
  EXPECT_FALSE(verifies(*read, std::string(kSecret) + "x"));
  // Zeros up to the block's size are the same HMAC key (RFC 2104 §2): the C# client pads its secret so.
  EXPECT_TRUE(verifies(*read, std::string(kSecret) + std::string(24, '\0')));
}

TEST(Jwt, RefusesAMemberThatStandsTwice) {
  EXPECT_EQ(error_of(signed_with(R"({"alg":"HS512","alg":"HS512"})", "{}")), Errc::malformed);
  EXPECT_EQ(error_of(signed_with(R"({"alg":"none","alg":"HS512"})", "{}")), Errc::malformed);
  EXPECT_EQ(error_of(signed_with(R"({"alg":"HS512","kid":"a","kid":"a"})", "{}")), Errc::malformed);
  EXPECT_EQ(error_of(signed_with(kHeader, R"({"sub":"ada","exp":1,"sub":"eve"})")), Errc::malformed);
  EXPECT_EQ(error_of(signed_with(kHeader, R"({"sub":"ada","\u0073ub":"eve"})")), Errc::malformed);
  EXPECT_EQ(error_of(signed_with(kHeader, R"({"a":{"b":1,"b":1}})")), Errc::malformed);
  EXPECT_EQ(error_of(signed_with(kHeader, R"({"a":[{"b":1,"b":1}]})")), Errc::malformed);
  EXPECT_TRUE(read_jwt(signed_with(kHeader, R"({"a":{"a":1},"b":[{"a":1},{"a":1}]})"), JwtAlgorithm::hs512));
}

TEST(Jwt, HasExactlyThreeParts) {
  const std::string good = signed_with(kHeader, "{}");
  ASSERT_TRUE(read_jwt(good, JwtAlgorithm::hs512));
  const std::string two = good.substr(0, good.rfind('.'));
  for (const std::string& text : {std::string(), std::string("."), std::string(".."), std::string("..."), two,
                                  good + ".", "." + good, good + ".e30", two + ".." + good.substr(two.size() + 1)}) {
    EXPECT_EQ(error_of(text), Errc::malformed) << text;
  }
}

TEST(Jwt, RefusesEverySecondSpellingOfBase64) {
  const std::string good = signed_with(kHeader, R"({"sub":"ada"})");
  for (std::size_t i = 0; i <= good.size(); ++i) {
    for (const char* odd : {"=", "+", "/", " ", "\n", "?", "%"}) {
      std::string text = good;
      text.insert(i, odd);
      EXPECT_EQ(error_of(text), Errc::malformed) << text;
    }
  }
  // The last digit of 64 bytes holds four spare bits.
  std::string spare = good;
  spare.back() = static_cast<char>(spare.back() + 1);
  EXPECT_EQ(error_of(spare), Errc::malformed);
}

TEST(Jwt, RefusesPartsThatAreNoObjects) {
  for (const char* text : {"", "null", "[]", "\"{}\"", "{", "{}{}", "{} x", "\xff", R"({"a":NaN})", "{'a':1}"}) {
    EXPECT_EQ(error_of(signed_with(kHeader, text)), Errc::malformed) << text;
    EXPECT_EQ(error_of(signed_with(text, "{}")), Errc::malformed) << text;
  }
  EXPECT_EQ(error_of(signed_with(kHeader, "{\"a\":\"\\u0000\"}")), Errc::malformed);
  EXPECT_EQ(error_of(signed_with(kHeader, std::string(40, '[') + std::string(40, ']'))), Errc::malformed);
}

TEST(Jwt, HasALimit) {
  const auto token = [](std::size_t filling) {
    return signed_with(kHeader, R"({"a":")" + std::string(filling, 'x') + R"("})");
  };
  std::size_t filling = kJwtBytesMax / 4 * 3 - 120;
  while (token(filling + 1).size() <= kJwtBytesMax) ++filling;
  EXPECT_TRUE(read_jwt(token(filling), JwtAlgorithm::hs512));
  EXPECT_EQ(error_of(token(filling + 1)), Errc::malformed);
  EXPECT_EQ(error_of(std::string(1024 * 1024, '.')), Errc::malformed);
}

TEST(Jwt, ReadsTimesAsDuosClientsSendThem) {
  const Json json = claims(R"({"a":1700000000,"b":1700000000.25,"c":"1700000000","d":"1700000000.5","e":0,
                               "f":253402300799,"g":1.7e9,"h":1700000000.0004999})");
  EXPECT_EQ(unix_ms(*numeric_date(json, "a")), 1'700'000'000'000);
  EXPECT_EQ(unix_ms(*numeric_date(json, "b")), 1'700'000'000'250);
  EXPECT_EQ(unix_ms(*numeric_date(json, "c")), 1'700'000'000'000);
  EXPECT_EQ(unix_ms(*numeric_date(json, "d")), 1'700'000'000'500);
  EXPECT_EQ(unix_ms(*numeric_date(json, "e")), 0);
  EXPECT_EQ(unix_ms(*numeric_date(json, "f")), 253'402'300'799'000);
  EXPECT_EQ(unix_ms(*numeric_date(json, "g")), 1'700'000'000'000);
  EXPECT_EQ(unix_ms(*numeric_date(json, "h")), 1'700'000'000'000);
}

TEST(Jwt, RefusesWhatIsNoTime) {
  for (const char* value : {"-1", "-0.5", "\"-1\"", "\"+1\"", "\"\"", "\" 1\"", "\"1 \"", "\"1.\"", "\".5\"", "\"1e9\"",
                            "\"0x10\"", "\"1.2.3\"", "\"nan\"", "\"inf\"", "null", "true", "[1]", "{}",
                            "253402300800", "1e300", "18446744073709551615", "\"253402300799.5\"",
                            "\"170000000000000000000000000000000\""}) {
    const Json json = claims(R"({"exp":)" + std::string(value) + "}");
    EXPECT_EQ(numeric_date(json, "exp").error().code, Errc::malformed) << value;
  }
  EXPECT_EQ(numeric_date(claims("{}"), "exp").error().code, Errc::not_found);
}

// What the vectors' keys are to this reader.
std::string octets(const nlohmann::json& jwk) {
  return std::string(text_of(*from_base64(Base64::url, jwk["k"].get<std::string>())));
}

std::optional<crypto::Es256PublicKey> p256(const nlohmann::json& jwk) {
  if (jwk.value("kty", "") != "EC" || jwk.value("crv", "") != "P-256") return std::nullopt;
  Bytes point = {4};
  for (const char* axis : {"x", "y"}) {
    const Bytes value = *from_base64(Base64::url, jwk[axis].get<std::string>());
    if (value.size() > crypto::kP256ScalarSize) return std::nullopt;
    point.resize(point.size() + crypto::kP256ScalarSize - value.size());
    append(point, value);
  }
  auto key = crypto::Es256PublicKey::from_point(point);
  if (!key) return std::nullopt;
  return *key;
}

bool accepts_es256(const std::string& compact, const crypto::Es256PublicKey& key) {
  const auto read = read_jws(compact, JwtAlgorithm::es256);
  return read && key.verify(bytes_of(read->signing_input), read->signature);
}

bool accepts_hs512(const std::string& compact, const std::string& key) {
  const auto read = read_jws(compact, JwtAlgorithm::hs512);
  return read && crypto::equal(hs512(key, read->signing_input), read->signature);
}

// Keys that an attacker knows or hopes for: the key's own bytes, and public keys as their text.
std::vector<std::string> confused_keys(const nlohmann::json& group) {
  std::vector<std::string> out = {""};
  for (const char* half : {"public", "private"}) {
    if (!group.contains(half)) continue;
    out.push_back(group[half].dump());
    if (group[half].contains("k")) out.push_back(octets(group[half]));
    if (group[half].contains("n")) out.push_back(std::string(group[half]["n"]));
    if (const auto key = p256(group[half])) {
      out.push_back(std::string(text_of(key->point())));
      out.push_back(std::string(text_of(key->der())));
    }
  }
  return out;
}

// A token in JSON form is an object in the file; as text it must be refused like everything that is not compact.
std::string text_of_test(const nlohmann::json& token) {
  return token.is_string() ? token.get<std::string>() : token.dump();
}

struct Tally {
  int run = 0, accepted = 0, malformed = 0, refused = 0, bad_signature = 0, wrong_use = 0;
};

// ES256 groups are verified with their key; whatever the group, nothing is accepted as HS512.
Tally run_signatures(const nlohmann::json& file) {
  Tally tally;
  for (const auto& group : file["testGroups"]) {
    const nlohmann::json jwk = group.contains("public") ? group["public"] : group["private"];
    const auto key = p256(jwk);
    const bool to_sign = jwk.value("use", "sig") == "sig" && !jwk.contains("key_ops");
    for (const auto& test : group["tests"]) {
      if (!test.contains("jws")) continue;
      ++tally.run;
      const std::string compact = text_of_test(test["jws"]);
      for (const std::string& secret : confused_keys(group)) EXPECT_FALSE(accepts_hs512(compact, secret)) << test;
      const auto read = read_jws(compact, JwtAlgorithm::es256);
      if (!read) {
        EXPECT_TRUE(test["result"] == "invalid" || !key) << test;
        ++(read.error().code == Errc::refused ? tally.refused : tally.malformed);
      } else if (!to_sign) {
        ++tally.wrong_use;  // skipped: this reader is handed keys, not JWKs with a use
      } else if (key && accepts_es256(compact, *key)) {
        EXPECT_EQ(test["result"], "valid") << test;
        ++tally.accepted;
      } else {
        EXPECT_EQ(test["result"], "invalid") << test;
        ++tally.bad_signature;
      }
    }
  }
  return tally;
}

TEST(Jwt, AgreesWithWycheproofOnSignatures) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/json_web_signature_test.json");
  ASSERT_EQ(file["numberOfTests"], 401);
  const Tally tally = run_signatures(file);
  EXPECT_EQ(tally.run, 401);
  EXPECT_EQ(tally.accepted, 2);  // 18 and 378
  EXPECT_EQ(tally.wrong_use, 2);  // 354 and 356
  EXPECT_EQ(tally.bad_signature, 28);
  EXPECT_EQ(tally.refused, 331);  // RSA, HS256, P-521, none, an embedded key
  EXPECT_EQ(tally.malformed, 38);  // also 372 and 373, which a reader may accept that skips foreign characters
}

TEST(Jwt, AgreesWithWycheproofOnMixedTokens) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/json_web_crypto_test.json");
  ASSERT_EQ(file["numberOfTests"], 83);
  const Tally tally = run_signatures(file);
  EXPECT_EQ(tally.run, 49);  // the other 34 are encrypted: see below
  EXPECT_EQ(tally.accepted, 1);
  EXPECT_EQ(tally.wrong_use, 0);
  EXPECT_EQ(tally.bad_signature, 5);
  EXPECT_EQ(tally.refused, 19);
  EXPECT_EQ(tally.malformed, 24);
}

TEST(Jwt, ReadsNoEncryptedTokens) {
  int run = 0;
  for (const char* name : {"json_web_crypto_test.json", "json_web_encryption_test.json"}) {
    VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/" + std::string(name));
    for (const auto& group : file["testGroups"]) {
      for (const auto& test : group["tests"]) {
        if (!test.contains("jwe")) continue;
        ++run;
        EXPECT_EQ(error_of(text_of_test(test["jwe"])), Errc::malformed) << test["tcId"];
      }
    }
  }
  EXPECT_EQ(run, 34 + 139);
}

// The groups named HS512 are the only tokens of that algorithm in the whole set.
TEST(Jwt, AgreesWithWycheproofOnKeys) {
  VECTORS_OR_SKIP(file, "wycheproof/testvectors_v1/json_web_key_test.json");
  ASSERT_EQ(file["numberOfTests"], 26);
  int accepted = 0, keys_of_others = 0, refused = 0;
  for (const auto& group : file["testGroups"]) {
    const nlohmann::json jwk = group["private"]["keys"][0];
    for (const auto& test : group["tests"]) {
      const std::string compact = test["jws"];
      const std::string secret = jwk.value("kty", "") == "oct" ? octets(jwk) : jwk.dump();
      if (!accepts_hs512(compact, secret)) {
        EXPECT_TRUE(group["comment"] != "HS512" || test["result"] == "invalid") << test;
        ++refused;
      } else if (test["result"] == "valid") {
        ++accepted;
      } else {
        // Skipped: too short or empty for RFC 7518 §3.2. Keys are ours, and Duo's contract gives them 40 characters.
        EXPECT_TRUE(test["comment"] == "key_too_short" || test["comment"] == "empty_key") << test;
        ++keys_of_others;
      }
    }
  }
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(keys_of_others, 2);
  EXPECT_EQ(refused, 23);
}

// RFC 7520 §4 and §5, RFC 8037, RFC 7797: none of it is HS512 or ES256, so none of it is read.
TEST(Jwt, RefusesTheCookbooksOtherAlgorithms) {
  if (!std::filesystem::exists(testing::vectors_root() / "jose-cookbook")) {
    GTEST_SKIP() << "vectors not present: jose-cookbook";
  }
  int refused = 0, malformed = 0, without_compact = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(testing::vectors_root() / "jose-cookbook")) {
    if (entry.path().extension() != ".json" || entry.path().parent_path().filename() == "jwk") continue;
    const auto file = *testing::load_vectors(std::filesystem::relative(entry.path(), testing::vectors_root()));
    const nlohmann::json output = file.value("output", nlohmann::json::object());
    if (!output.contains("compact")) {
      ++without_compact;
      continue;
    }
    for (const JwtAlgorithm algorithm : {JwtAlgorithm::hs512, JwtAlgorithm::es256}) {
      const auto read = read_jws(output["compact"].get<std::string>(), algorithm);
      ASSERT_FALSE(read) << entry.path();
      ++(read.error().code == Errc::refused ? refused : malformed);
    }
  }
  EXPECT_EQ(refused, 2 * 6);       // other algorithms
  EXPECT_EQ(malformed, 2 * 11);    // encrypted: five parts
  EXPECT_EQ(without_compact, 9);   // JSON forms only
}

}  // namespace
}  // namespace countersign::codec
