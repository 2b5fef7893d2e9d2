// A software authenticator and the browser around it, for tests: options JSON in, response JSON out, as
// navigator.credentials would. Honest unless told otherwise; each lie is a switch of its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/base64.h"
#include "core/codec/cbor.h"
#include "core/crypto/hash.h"
#include "core/crypto/sign.h"
#include "testing/der_writer.h"
#include "testing/seeded_random.h"

namespace countersign::testing {

enum class Attest { none, packed_self, packed_x5c, fido_u2f };

// What a response says that is not so. All unset: the truth.
struct Lies {
  std::optional<std::string> type;  // "webauthn.get" at registration, …
  std::optional<std::string> origin;
  std::optional<std::string> challenge;  // base64url
  std::optional<bool> cross_origin;
  std::optional<std::string> top_origin;
  std::optional<std::string> rp_id;  // whose hash stands in the authenticator data
  bool no_user_present = false;
  bool no_user_verified = false;
  bool backed_up_not_eligible = false;  // BS without BE
  bool eligibility_flipped = false;     // BE other than at registration
  bool counter_stands_still = false;
  bool counter_goes_back = false;
  bool other_signer = false;         // signed with a key that is not the credential's (or the certificate's)
  bool other_credential_id = false;  // the id of a credential that does not exist
  std::optional<Bytes> user_handle;  // of somebody else; empty: none is sent
  // For what has no name: called before hashing and signing, so that nothing else is wrong.
  std::function<void(nlohmann::json&)> client_data;
  std::function<void(Bytes&)> authenticator_data;
  std::function<void(codec::CborMap&)> attestation_object;
  std::function<void(nlohmann::json&)> response;
};

class VirtualAuthenticator {
 public:
  struct Held {
    std::string rp_id;
    Bytes id, user_handle;
    crypto::Es256Key key;
    std::uint32_t counter = 0;
    bool backup_eligible = false;
  };

  Lies lies;
  Attest attest = Attest::none;
  bool backup_eligible = false, backed_up = false;  // of credentials made from now on; backed_up also when they sign
  bool counts = true;                               // false: the signature counter is always 0, as of synced passkeys
  std::array<std::uint8_t, 16> aaguid = {0x08, 0x98, 0x70, 0x58, 0xca, 0xdc, 0x4b, 0x81,
                                         0xb6, 0xe1, 0x30, 0xde, 0x50, 0xdc, 0xbe, 0x96};
  std::string attachment = "cross-platform";
  std::vector<std::string> transports = {"usb"};
  std::vector<Held> credentials;

  explicit VirtualAuthenticator(std::uint64_t seed = 1)
      : random_(seed), authority_(random_), batch_key_(crypto::Es256Key::generate(random_)) {}

  // DER of the certificate to which packed_x5c and fido_u2f lead.
  Bytes root() { return authority_.root(); }
  // The key identifier under which metadata lists its U2F keys, in hex digits.
  Bytes key_identifier() const { return crypto::hash(crypto::HashKind::sha1, batch_key_.public_key().point()); }

  // navigator.credentials.create: throws where a browser would reject.
  std::string create(std::string_view options_json, const std::string& origin) {
    const nlohmann::json options = nlohmann::json::parse(options_json);
    for (const auto& known : options.value("excludeCredentials", nlohmann::json::array())) {
      if (find(known.at("id"))) throw std::runtime_error("InvalidStateError: the credential is here already");
    }
    const auto& offered = options.at("pubKeyCredParams");
    const auto is_es256 = [](const nlohmann::json& p) { return p.at("alg") == kEs256; };
    if (std::none_of(offered.begin(), offered.end(), is_es256)) throw std::runtime_error("NotSupportedError");

    Held made{options.at("rp").at("id"),
              random_bytes(random_, 32),
              unbase64(options.at("user").at("id")),
              crypto::Es256Key::generate(random_),
              0,
              backup_eligible};
    const std::string client_data = make_client_data("webauthn.create", options.at("challenge"), origin);
    const Bytes hash = crypto::hash(crypto::HashKind::sha256, bytes_of(client_data));
    Bytes data = make_authenticator_data(made, true);
    if (lies.authenticator_data) lies.authenticator_data(data);
    codec::CborMap object = make_attestation_object(made, data, hash);
    if (lies.attestation_object) lies.attestation_object(object);
    credentials.push_back(made);

    nlohmann::json response = envelope(made.id);
    response["response"] = {{"clientDataJSON", base64(bytes_of(client_data))},
                            {"attestationObject", base64(codec::Cbor(std::move(object)).encode())},
                            {"transports", transports}};
    if (lies.response) lies.response(response);
    return response.dump();
  }

  // navigator.credentials.get: with the first credential allowed that it holds; with none named, with any of the RP's.
  std::string get(std::string_view options_json, const std::string& origin) {
    const nlohmann::json options = nlohmann::json::parse(options_json);
    Held& used = choose(options);
    const std::string client_data = make_client_data("webauthn.get", options.at("challenge"), origin);
    if (counts && !lies.counter_stands_still) ++used.counter;
    if (lies.counter_goes_back) used.counter = used.counter > 2 ? used.counter - 2 : 0;
    Bytes data = make_authenticator_data(used, false);
    if (lies.authenticator_data) lies.authenticator_data(data);
    const Bytes message = der::join({data, crypto::hash(crypto::HashKind::sha256, bytes_of(client_data))});

    nlohmann::json response = envelope(used.id);
    response["response"] = {{"clientDataJSON", base64(bytes_of(client_data))},
                            {"authenticatorData", base64(data)},
                            {"signature", base64(der::es256(signer(used.key), message))}};
    const Bytes handle = lies.user_handle.value_or(used.user_handle);
    if (!handle.empty()) response["response"]["userHandle"] = base64(handle);
    if (lies.response) lies.response(response);
    return response.dump();
  }

  static Bytes cose_key(const crypto::Es256PublicKey& key) {
    const Bytes point = key.point();
    const auto number = [](std::int64_t n) { return codec::Cbor(n); };
    return codec::Cbor(codec::CborMap{{number(1), number(2)},
                                      {number(3), number(kEs256)},
                                      {number(-1), number(1)},
                                      {number(-2), codec::Cbor(Bytes(point.begin() + 1, point.begin() + 33))},
                                      {number(-3), codec::Cbor(Bytes(point.begin() + 33, point.end()))}})
        .encode();
  }

 private:
  static constexpr std::int64_t kEs256 = -7;

  SeededRandom random_;
  der::Authority authority_;
  crypto::Es256Key batch_key_;

  static std::string base64(ByteView bytes) { return codec::to_base64(codec::Base64::url, bytes); }
  static Bytes unbase64(const std::string& text) {
    auto bytes = codec::from_base64(codec::Base64::url, text);
    if (!bytes) throw std::runtime_error("not base64url: " + text);
    return *bytes;
  }
  Held* find(const std::string& id) {
    for (Held& held : credentials) {
      if (base64(held.id) == id) return &held;
    }
    return nullptr;
  }
  Held& choose(const nlohmann::json& options) {
    const auto allowed = options.value("allowCredentials", nlohmann::json::array());
    for (const auto& known : allowed) {
      if (Held* held = find(known.at("id"))) return *held;
    }
    for (Held& held : credentials) {
      if (allowed.empty() && held.rp_id == options.at("rpId").get<std::string>()) return held;
    }
    throw std::runtime_error("NotAllowedError: no credential for this");
  }
  crypto::Es256Key signer(const crypto::Es256Key& honest) {
    return lies.other_signer ? crypto::Es256Key::generate(random_) : honest;
  }
  nlohmann::json envelope(const Bytes& id) {
    const std::string text = base64(lies.other_credential_id ? random_bytes(random_, id.size()) : id);
    return {{"id", text},
            {"rawId", text},
            {"type", "public-key"},
            {"authenticatorAttachment", attachment},
            {"clientExtensionResults", nlohmann::json::object()}};
  }
  std::string make_client_data(const char* type, const std::string& challenge, const std::string& origin) const {
    nlohmann::json data = {{"type", lies.type.value_or(type)},
                           {"challenge", lies.challenge.value_or(challenge)},
                           {"origin", lies.origin.value_or(origin)},
                           {"crossOrigin", lies.cross_origin.value_or(false)}};
    if (lies.top_origin) data["topOrigin"] = *lies.top_origin;
    if (lies.client_data) lies.client_data(data);
    return data.dump();
  }
  Bytes make_authenticator_data(const Held& held, bool with_credential) const {
    const bool eligible = held.backup_eligible != (lies.eligibility_flipped && !with_credential);
    unsigned flags = 0;
    if (!lies.no_user_present) flags |= 0x01;
    if (!lies.no_user_verified) flags |= 0x04;
    if (eligible && !lies.backed_up_not_eligible) flags |= 0x08;
    if ((eligible && backed_up) || lies.backed_up_not_eligible) flags |= 0x10;
    if (with_credential) flags |= 0x40;
    Bytes data = crypto::hash(crypto::HashKind::sha256, bytes_of(lies.rp_id.value_or(held.rp_id)));
    data.push_back(static_cast<std::uint8_t>(flags));
    for (int shift = 24; shift >= 0; shift -= 8) data.push_back(static_cast<std::uint8_t>(held.counter >> shift));
    if (!with_credential) return data;
    append(data, attest == Attest::fido_u2f ? decltype(aaguid){} : aaguid);  // U2F has none
    append(data, Bytes{static_cast<std::uint8_t>(held.id.size() >> 8), static_cast<std::uint8_t>(held.id.size())});
    append(data, held.id);
    append(data, cose_key(held.key.public_key()));
    return data;
  }
  Bytes batch_certificate() {
    return authority_.issue({.subject = {{der::kCountry, "AA"},
                                         {der::kOrganization, "Test maker"},
                                         {der::kUnit, "Authenticator Attestation"},
                                         {der::kCommonName, "Test model"}},
                             .extensions = {{"1.3.6.1.4.1.45724.1.1.4", der::octets(aaguid)}}},
                            batch_key_.public_key().der());
  }
  codec::CborMap make_attestation_object(const Held& made, const Bytes& data, const Bytes& hash) {
    using codec::Cbor;
    const auto word = [](const char* text) { return Cbor(std::string(text)); };
    const auto path = [&] { return Cbor(codec::CborArray{Cbor(batch_certificate())}); };
    const Bytes message = der::join({data, hash});
    codec::CborMap statement;
    std::string format = "none";
    switch (attest) {
      case Attest::none: break;
      case Attest::packed_self:
        format = "packed";
        statement = {{word("alg"), Cbor(kEs256)}, {word("sig"), Cbor(der::es256(signer(made.key), message))}};
        break;
      case Attest::packed_x5c:
        format = "packed";
        statement = {{word("alg"), Cbor(kEs256)},
                     {word("sig"), Cbor(der::es256(signer(batch_key_), message))},
                     {word("x5c"), path()}};
        break;
      case Attest::fido_u2f: {
        format = "fido-u2f";
        const Bytes registered =
            der::join({Bytes{0}, ByteView(data).first(32), hash, made.id, made.key.public_key().point()});
        statement = {{word("sig"), Cbor(der::es256(signer(batch_key_), registered))}, {word("x5c"), path()}};
        break;
      }
    }
    return {{word("fmt"), Cbor(format)}, {word("attStmt"), Cbor(std::move(statement))}, {word("authData"), Cbor(data)}};
  }
};

}  // namespace countersign::testing
