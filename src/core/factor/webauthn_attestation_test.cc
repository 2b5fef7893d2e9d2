// Attestation statements (WebAuthn Level 3 §8), format by format, each time with one thing wrong.
#include <gtest/gtest.h>

#include <random>

#include "core/codec/base64.h"
#include "core/crypto/hash.h"
#include "core/factor/webauthn.h"
#include "core/factor/webauthn_metadata.h"
#include "testing/virtual_authenticator.h"

namespace countersign::factor::webauthn {
namespace {

namespace der = countersign::testing::der;
using codec::Cbor;
using codec::CborArray;
using codec::CborMap;
using testing::Attest;
using testing::VirtualAuthenticator;

Cbor word(const char* text) { return Cbor(std::string(text)); }
Cbor number(std::int64_t n) { return Cbor(n); }

Cbor& member(CborMap& map, const char* name) {
  for (auto& [key, value] : map) {
    if (key == word(name)) return value;
  }
  std::abort();
}
Cbor get(const CborMap& map, const char* name) { return member(const_cast<CborMap&>(map), name); }

// Everything a statement is made from. Tests change one field and look what becomes of it.
struct Parts {
  std::string format;
  std::int64_t algorithm = -7;
  der::CertificateLook look;
  bool other_certificate_key = false;  // the certificate is for a key that has nothing to do with it
  Bytes nonce;                         // apple, android-key: what stands in the certificate
  Bytes purposes, origin, software;    // android-key: items of AuthorizationList
  Bytes all_applications;
  std::uint32_t magic = 0xff544347;  // tpm
  std::uint16_t type = 0x8017, curve = 3, name_algorithm = 0x000b, symmetric = 0x0010;
  Bytes extra_data, name, area;
  std::string version = "2.0";
  std::function<void(CborMap&)> statement = [](CborMap&) {};
};

class WebauthnAttestation : public ::testing::Test {
 protected:
  const std::string origin = "https://mfa.example";
  Ceremony ceremony;
  VirtualAuthenticator device;
  testing::SeededRandom random{7};
  der::Authority authority{random};
  crypto::Es256Key attestation_key = crypto::Es256Key::generate(random);
  Bytes client_data_hash, authenticator_data;

  WebauthnAttestation() {
    ceremony.rp = {"mfa.example", {origin}, {}};
    ceremony.challenge = Bytes(kChallengeSize, 7);
    ceremony.now = from_unix_s(1'760'000'000);
  }

  static void put16(Bytes& to, std::size_t n) {
    to.push_back(static_cast<std::uint8_t>(n >> 8));
    to.push_back(static_cast<std::uint8_t>(n));
  }
  static void put_sized(Bytes& to, ByteView bytes) {
    put16(to, bytes.size());
    append(to, bytes);
  }

  // The credential's key: the last 65 bytes of a point, as read from the authenticator data's COSE key.
  Bytes point() const {
    const std::size_t key = 37 + 16 + 2 + 32;
    const auto read = codec::read_cbor(ByteView(authenticator_data).subspan(key));
    Bytes out = {4};
    append(out, *read->at(-2)->as<Bytes>());
    append(out, *read->at(-3)->as<Bytes>());
    return out;
  }
  Bytes spki() const { return crypto::Es256PublicKey::from_point(point())->der(); }

  Bytes public_area(const Parts& p) const {
    Bytes out;
    put16(out, 0x0023);
    put16(out, p.name_algorithm);
    append(out, Bytes{0, 4, 0, 0});  // objectAttributes
    put_sized(out, {});
    for (const std::uint16_t n : {p.symmetric, std::uint16_t{0x0010}, p.curve, std::uint16_t{0x0010}}) put16(out, n);
    put_sized(out, ByteView(point()).subspan(1, 32));
    put_sized(out, ByteView(point()).subspan(33, 32));
    return out;
  }
  static Bytes name_of(std::uint16_t algorithm, ByteView area) {
    Bytes out;
    put16(out, algorithm);
    append(out, algorithm == 0x000c   ? crypto::sha384(area)
                : algorithm == 0x0004 ? crypto::hash(crypto::HashKind::sha1, area)
                                      : crypto::hash(crypto::HashKind::sha256, area));
    return out;
  }
  Bytes cert_info(const Parts& p) const {
    Bytes out;
    put16(out, p.magic >> 16);
    put16(out, p.magic & 0xffff);
    put16(out, p.type);
    put_sized(out, {});
    put_sized(out, p.extra_data);
    append(out, Bytes(17 + 8, 1));
    put_sized(out, p.name);
    put_sized(out, {});
    return out;
  }

  // What is right for a format. `change` comes before signing.
  CborMap statement_of(Parts p, const std::function<void(Parts&)>& change) {
    const Bytes message = der::join({authenticator_data, client_data_hash});
    if (p.format == "apple") p.nonce = crypto::hash(crypto::HashKind::sha256, message);
    if (p.format == "android-key") p.nonce = client_data_hash;
    if (p.format == "tpm") {
      p.extra_data = crypto::hash(crypto::HashKind::sha256, message);
      p.area = public_area(p);
      p.name = name_of(p.name_algorithm, p.area);
    }
    change(p);
    const bool own = p.format == "apple" || p.format == "android-key";
    if (p.format == "apple" && !p.nonce.empty()) {
      p.look.extensions.push_back({"1.2.840.113635.100.8.2", der::sequence({der::item({0xa1}, der::octets(p.nonce))})});
    }
    if (p.format == "android-key" && !p.nonce.empty()) {
      const Bytes tee = der::sequence({p.purposes, p.all_applications, p.origin});
      p.look.extensions.push_back(
          {"1.3.6.1.4.1.11129.2.1.17", der::sequence({der::item({0x02}, Bytes{1, 44}), der::enumerated(1),
                                                      der::small_integer(4), der::enumerated(1), der::octets(p.nonce),
                                                      der::octets({}), der::sequence({p.software}), tee})});
    }
    const Bytes batch = attestation_key.public_key().der();
    const Bytes certificate = authority.issue(p.look, own != p.other_certificate_key ? spki() : batch);
    CborMap out = {{word("x5c"), Cbor(CborArray{Cbor(certificate)})}};
    if (p.format == "tpm") {
      const Bytes info = cert_info(p);
      out.insert(out.end(), {{word("ver"), Cbor(p.version)},
                             {word("alg"), number(p.algorithm)},
                             {word("certInfo"), Cbor(info)},
                             {word("pubArea"), Cbor(p.area)},
                             {word("sig"), Cbor(der::es256(attestation_key, info))}});
    }
    if (p.format == "packed") {
      out.push_back({word("alg"), number(p.algorithm)});
      out.push_back({word("sig"), Cbor(der::es256(attestation_key, message))});
    }
    if (p.format == "android-key") {
      out.push_back({word("alg"), number(p.algorithm)});
      out.push_back({word("sig"), Cbor(der::es256(device.credentials.back().key, message))});
    }
    p.statement(out);
    return out;
  }

  // The virtual authenticator's own object is replaced by one of `parts`. Its key is known only afterwards, and the
  // client data's hash too: both come from a first, honest round with the same seed.
  Result<Credential> registration(const Parts& parts, const std::function<void(Parts&)>& change = [](Parts&) {}) {
    std::string json = device.create(creation_options_json(ceremony, {}), origin);
    nlohmann::json response = nlohmann::json::parse(json);
    const Bytes client_data =
        *codec::from_base64(codec::Base64::url, response["response"]["clientDataJSON"].get<std::string>());
    client_data_hash = crypto::hash(crypto::HashKind::sha256, client_data);
    auto& sent = response["response"]["attestationObject"];
    CborMap object = *codec::read_cbor(*codec::from_base64(codec::Base64::url, sent.get<std::string>()))->as<CborMap>();
    authenticator_data = *get(object, "authData").as<Bytes>();
    member(object, "fmt") = Cbor(parts.format);
    member(object, "attStmt") = Cbor(statement_of(parts, change));
    sent = codec::to_base64(codec::Base64::url, Cbor(std::move(object)).encode());
    const RegistrationResponse read = TRY(read_registration(response.dump()));
    return verify_registration(ceremony, read, makes);
  }
  void fails(Errc code, const Parts& parts, const std::function<void(Parts&)>& change) {
    const auto result = registration(parts, change);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code) << result.error().what;
    EXPECT_EQ(result.error().what.substr(0, 9), "step 22: ") << result.error().what;
  }
  void fails(const Parts& parts, const std::function<void(Parts&)>& change) { fails(Errc::refused, parts, change); }

  // Roots for the device's AAGUID.
  Metadata known() {
    const nlohmann::json statement = {
        {"aaguid", text(device.aaguid)},
        {"attestationRootCertificates", {codec::to_base64(codec::Base64::padded, authority.root())}}};
    return *Metadata::read_statements(nlohmann::json::array({statement}).dump());
  }

  Makes makes;

  Parts packed() const {
    Parts p;
    p.format = "packed";
    p.look.subject = {{der::kCountry, "AA"},
                      {der::kOrganization, "Maker"},
                      {der::kUnit, "Authenticator Attestation"},
                      {der::kCommonName, "Model"}};
    return p;
  }
  Parts apple() const {
    Parts p;
    p.format = "apple";
    return p;
  }
  Parts android() const {
    Parts p;
    p.format = "android-key";
    p.purposes = der::item({0xa1}, der::set({der::small_integer(2)}));
    p.origin = der::item({0xbf, 0x85, 0x3e}, der::small_integer(0));
    return p;
  }
  static Bytes tpm_names(std::initializer_list<const char*> parts) {
    Bytes sets;
    for (const char* oid : parts) append(sets, der::set({der::sequence({der::oid(oid), der::text("id:54455354")})}));
    return der::sequence({der::item({0xa4}, der::item({0x30}, sets))});
  }
  Parts tpm() const {
    Parts p;
    p.format = "tpm";
    p.look.extensions = {{"2.5.29.17", tpm_names({"2.23.133.2.1", "2.23.133.2.2", "2.23.133.2.3"}), true},
                         {"2.5.29.37", der::sequence({der::oid("2.23.133.8.3")})}};
    return p;
  }
};

TEST_F(WebauthnAttestation, EachFormatStandsAndLeadsToItsRoot) {
  const Metadata metadata = known();
  for (const Parts& parts : {packed(), apple(), android(), tpm()}) {
    makes = {};
    const auto any = registration(parts);
    ASSERT_TRUE(any) << parts.format << ": " << any.error().what;
    EXPECT_EQ(any->trust, Trust::none);
    makes = {{device.aaguid}, &metadata};
    const auto listed = registration(parts);
    ASSERT_TRUE(listed) << parts.format << ": " << listed.error().what;
    EXPECT_EQ(listed->trust, Trust::chain);
    EXPECT_EQ(listed->format, parts.format);
  }
}

TEST_F(WebauthnAttestation, EachFormatNeedsItsMembers) {
  for (const Parts& parts : {packed(), apple(), android(), tpm()}) {
    for (const char* name : {"alg", "sig", "x5c", "ver", "certInfo", "pubArea"}) {
      bool there = false;
      const auto spoil = [&](bool away) {
        return [&there, name, away](Parts& p) {
          p.statement = [&there, name, away](CborMap& map) {
            for (auto& [key, value] : map) {
              if (!(key == word(name))) continue;
              there = true;
              value = Cbor(CborMap{});
            }
            if (away) std::erase_if(map, [name](const auto& entry) { return entry.first == word(name); });
          };
        };
      };
      const auto wrong = registration(parts, spoil(false));
      if (!there) continue;
      EXPECT_EQ(wrong.error().code, Errc::malformed) << parts.format << " " << name;
      // Without x5c a packed statement is a self attestation, and as such it is not right.
      const bool self = parts.format == "packed" && std::string_view(name) == "x5c";
      EXPECT_EQ(registration(parts, spoil(true)).error().code, self ? Errc::refused : Errc::malformed)
          << parts.format << " " << name;
    }
  }
}

TEST_F(WebauthnAttestation, EachFormatRefusesBrokenCertificates) {
  for (const Parts& parts : {packed(), apple(), android(), tpm()}) {
    for (const Cbor& path : {Cbor(CborArray{}), Cbor(CborArray{Cbor(Bytes{0x30, 0})}), Cbor(CborArray{number(1)}),
                             Cbor(CborArray(9, Cbor(Bytes{0x30, 0})))}) {
      fails(Errc::malformed, parts,
            [&](Parts& p) { p.statement = [&path](CborMap& map) { member(map, "x5c") = path; }; });
    }
  }
}

TEST_F(WebauthnAttestation, RefusesFlippedBits) {
  std::mt19937 dice(1);
  for (const Parts& parts : {packed(), apple(), android(), tpm()}) {
    for (const char* name : {"sig", "x5c", "certInfo", "pubArea"}) {
      for (int round = 0; round < 40; ++round) {
        bool certificate = false, changed = false;
        const auto result = registration(parts, [&](Parts& p) {
          p.statement = [&](CborMap& map) {
            for (auto& [key, value] : map) {
              if (!(key == word(name))) continue;
              certificate = std::string_view(name) == "x5c";
              Bytes bytes = certificate ? *(*value.as<CborArray>())[0].as<Bytes>() : *value.as<Bytes>();
              const std::size_t bit = dice() % (bytes.size() * 8);
              bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
              value = certificate ? Cbor(CborArray{Cbor(bytes)}) : Cbor(bytes);
              changed = true;
            }
          };
        });
        // A certificate's own signature is looked at with the chain only: without roots, nothing was trusted either.
        if (changed)
          EXPECT_TRUE(!result || (certificate && result->trust == Trust::none)) << parts.format << " " << name;
      }
    }
  }
}

TEST_F(WebauthnAttestation, NoCertificateWithAFlippedBitIsTrusted) {
  std::mt19937 dice(2);
  const Metadata metadata = known();
  makes = {{device.aaguid}, &metadata};
  for (const Parts& parts : {packed(), apple(), android(), tpm()}) {
    for (int round = 0; round < 100; ++round) {
      EXPECT_FALSE(registration(parts, [&](Parts& p) {
        p.statement = [&](CborMap& map) {
          Bytes bytes = *(*member(map, "x5c").as<CborArray>())[0].as<Bytes>();
          const std::size_t bit = dice() % (bytes.size() * 8);
          bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
          member(map, "x5c") = Cbor(CborArray{Cbor(bytes)});
        };
      })) << parts.format;
    }
  }
}

TEST_F(WebauthnAttestation, NoneSaysNothing) {
  device.lies.attestation_object = [](CborMap& object) {
    member(object, "attStmt") = Cbor(CborMap{{word("alg"), number(-7)}});
  };
  const auto response = read_registration(device.create(creation_options_json(ceremony, {}), origin));
  EXPECT_EQ(verify_registration(ceremony, *response, {}).error().what.substr(0, 9), "step 22: ");
}

// --- packed

TEST_F(WebauthnAttestation, PackedCertificatesNameTheirMaker) {
  fails(packed(), [](Parts& p) { p.look.version = 2; });
  fails(packed(), [](Parts& p) { p.look.authority = true; });
  fails(packed(), [](Parts& p) { p.look.subject[2].second = "Authenticator attestation"; });
  fails(packed(), [](Parts& p) { p.look.subject[0].second = "AAA"; });
  for (std::size_t i = 0; i < 4; ++i) {
    fails(packed(), [i](Parts& p) { p.look.subject.erase(p.look.subject.begin() + static_cast<std::ptrdiff_t>(i)); });
  }
}

TEST_F(WebauthnAttestation, CertificatesNameTheAaguidOrNone) {
  const auto with = [this](const Parts& parts, Aaguid aaguid, bool critical) {
    return registration(parts, [=](Parts& p) {
      p.look.extensions.push_back({"1.3.6.1.4.1.45724.1.1.4", der::octets(aaguid), critical});
    });
  };
  for (const Parts& parts : {packed(), tpm()}) {
    EXPECT_TRUE(with(parts, device.aaguid, false));
    EXPECT_EQ(with(parts, device.aaguid, true).error().code, Errc::refused);
    EXPECT_EQ(with(parts, Aaguid{1}, false).error().code, Errc::refused);
  }
  // Once wrapped only, as some write it: not what §8.2.1 says.
  fails(Errc::malformed, packed(), [this](Parts& p) {
    p.look.extensions.push_back({"1.3.6.1.4.1.45724.1.1.4", Bytes(device.aaguid.begin(), device.aaguid.end())});
  });
}

TEST_F(WebauthnAttestation, PackedIsSignedByTheCertificatesKeyWithItsAlgorithm) {
  fails(packed(), [](Parts& p) { p.other_certificate_key = true; });
  for (const std::int64_t other : {-8, -35, -257, -65535, -37, 0}) {
    fails(packed(), [other](Parts& p) { p.algorithm = other; });
  }
}

// --- apple

TEST_F(WebauthnAttestation, AppleNamesTheNonceAndTheKey) {
  fails(apple(), [](Parts& p) { p.nonce[0] ^= 1; });
  fails(apple(), [](Parts& p) { p.nonce.pop_back(); });
  fails(apple(), [](Parts& p) { p.nonce.clear(); });
  fails(apple(), [](Parts& p) { p.other_certificate_key = true; });
}

// --- android-key

TEST_F(WebauthnAttestation, AndroidIsAboutThisKeyAndThisChallenge) {
  fails(android(), [](Parts& p) { p.other_certificate_key = true; });
  fails(android(), [](Parts& p) { p.nonce[0] ^= 1; });
  fails(android(), [](Parts& p) { p.nonce.clear(); });
  fails(android(), [](Parts& p) { p.algorithm = -65535; });
}

TEST_F(WebauthnAttestation, AndroidKeysAreScoped) {
  const Bytes all = der::item({0xbf, 0x84, 0x58}, der::item({0x05}, {}));
  fails(android(), [&](Parts& p) { p.all_applications = all; });
  fails(android(), [&](Parts& p) { p.software = all; });
}

TEST_F(WebauthnAttestation, AndroidKeysAreMadeWhereTheyLiveAndOnlySign) {
  const Bytes imported = der::item({0xbf, 0x85, 0x3e}, der::small_integer(2));
  fails(android(), [&](Parts& p) { p.origin = imported; });
  fails(android(), [&](Parts& p) { p.software = imported; });
  const Bytes decrypts = der::item({0xa1}, der::set({der::small_integer(1), der::small_integer(2)}));
  fails(android(), [&](Parts& p) { p.purposes = decrypts; });
  fails(android(), [&](Parts& p) { p.software = decrypts; });
  fails(android(), [&](Parts& p) { p.purposes = der::item({0xa1}, der::set({})); });
}

TEST_F(WebauthnAttestation, AndroidKeysThatDoNotSayAreNotTrusted) {
  const Metadata metadata = known();
  makes.metadata = &metadata;
  for (const bool origin_missing : {true, false}) {
    const auto silent = registration(android(), [&](Parts& p) { (origin_missing ? p.origin : p.purposes).clear(); });
    ASSERT_TRUE(silent);
    EXPECT_EQ(silent->trust, Trust::none);
  }
  const auto in_software = registration(android(), [](Parts& p) { std::swap(p.origin, p.software); });
  ASSERT_TRUE(in_software);
  EXPECT_EQ(in_software->trust, Trust::chain);
}

// --- tpm

TEST_F(WebauthnAttestation, TpmCertificatesAreForAttestingKeys) {
  fails(tpm(), [](Parts& p) { p.look.version = 2; });
  fails(tpm(), [](Parts& p) { p.look.authority = true; });
  fails(tpm(), [](Parts& p) { p.look.subject = {{der::kCommonName, "TPM"}}; });
  fails(tpm(), [](Parts& p) { p.look.extensions.erase(p.look.extensions.begin()); });
  fails(tpm(), [](Parts& p) { p.look.extensions.pop_back(); });
  fails(tpm(), [](Parts& p) { p.look.extensions[1].value = der::sequence({der::oid("1.3.6.1.5.5.7.3.2")}); });
  fails(tpm(), [](Parts& p) { p.look.extensions[0].value = tpm_names({"2.23.133.2.1", "2.23.133.2.2"}); });
  fails(tpm(), [](Parts& p) {
    p.look.extensions[0].value = tpm_names({"2.23.133.2.1", "2.23.133.2.1", "2.23.133.2.2", "2.23.133.2.3"});
  });
}

TEST_F(WebauthnAttestation, TpmCertInfoIsAboutThisKeyAndThisCeremony) {
  fails(tpm(), [](Parts& p) { p.other_certificate_key = true; });
  fails(tpm(), [](Parts& p) { p.magic ^= 1; });
  fails(tpm(), [](Parts& p) { p.type = 0x8018; });  // TPM_ST_ATTEST_QUOTE
  fails(tpm(), [](Parts& p) { p.extra_data[0] ^= 1; });
  fails(tpm(), [](Parts& p) { p.name[5] ^= 1; });
  fails(tpm(), [](Parts& p) { p.name.clear(); });
  fails(Errc::malformed, tpm(), [](Parts& p) { p.version = "1.2"; });
}

TEST_F(WebauthnAttestation, TpmPublicAreaIsTheCredentials) {
  // Another key, properly named and certified: the TPM holds it, but it is not this credential.
  const auto other = [](Parts& p) {
    p.area[30] ^= 1;
    p.name = name_of(p.name_algorithm, p.area);
  };
  EXPECT_FALSE(registration(tpm(), other));
  fails(Errc::malformed, tpm(), [](Parts& p) { p.area.push_back(0); });
  fails(Errc::malformed, tpm(), [](Parts& p) { p.area.pop_back(); });
  const auto field = [this](std::size_t at, std::uint8_t value) {
    fails(tpm(), [=](Parts& p) {
      p.area[at] = value;
      p.name = name_of(p.name_algorithm, p.area);
    });
  };
  field(1, 0x08);   // type: TPM_ALG_KEYEDHASH
  field(11, 0x06);  // symmetric: AES, a key for storage
  field(15, 0x10);  // curve: BN_P256
}

TEST_F(WebauthnAttestation, TpmNamesByItsOwnHash) {
  for (const int algorithm : {0x0004, 0x000b, 0x000c}) {
    Parts p = tpm();
    p.name_algorithm = static_cast<std::uint16_t>(algorithm);
    const auto result = registration(p);
    EXPECT_TRUE(result) << algorithm << result.error().what;
  }
  Parts p = tpm();
  p.name_algorithm = 0x0012;  // SM3
  fails(p, [](Parts&) {});
}

}  // namespace
}  // namespace countersign::factor::webauthn
