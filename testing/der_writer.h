// For tests: writes DER (ITU-T X.690), right or on purpose wrong, piece by piece; and certificates signed with ES256.
#pragma once

#include <cstdlib>
#include <initializer_list>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/crypto/hash.h"
#include "core/crypto/sign.h"

namespace countersign::testing::der {

inline Bytes join(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const ByteView part : parts) append(out, part);
  return out;
}

// One item under its identifier octets (more than one for tag numbers of 31 and more).
inline Bytes item(std::initializer_list<std::uint8_t> identifier, ByteView content) {
  Bytes out(identifier);
  const std::size_t size = content.size();
  if (size < 0x80) {
    out.push_back(static_cast<std::uint8_t>(size));
  } else if (size < 0x100) {
    append(out, Bytes{0x81, static_cast<std::uint8_t>(size)});
  } else {
    append(out, Bytes{0x82, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
  }
  append(out, content);
  return out;
}

inline Bytes sequence(std::initializer_list<ByteView> parts) { return item({0x30}, join(parts)); }
inline Bytes set(std::initializer_list<ByteView> parts) { return item({0x31}, join(parts)); }
inline Bytes octets(ByteView content) { return item({0x04}, content); }
inline Bytes bits(ByteView content) { return item({0x03}, join({Bytes{0}, content})); }
inline Bytes small_integer(std::uint8_t value) { return item({0x02}, Bytes{value}); }
inline Bytes enumerated(std::uint8_t value) { return item({0x0a}, Bytes{value}); }
inline Bytes boolean_true() { return item({0x01}, Bytes{0xff}); }
inline Bytes text(std::string_view utf8) { return item({0x0c}, bytes_of(utf8)); }

inline Bytes oid(std::string_view dotted) {
  std::istringstream in{std::string(dotted)};
  std::vector<std::uint32_t> arcs;
  for (std::string arc; std::getline(in, arc, '.');) arcs.push_back(static_cast<std::uint32_t>(std::stoul(arc)));
  arcs[1] += arcs[0] * 40;
  Bytes content;
  for (std::size_t i = 1; i < arcs.size(); ++i) {
    Bytes digits = {static_cast<std::uint8_t>(arcs[i] & 0x7f)};
    for (std::uint32_t rest = arcs[i] >> 7; rest != 0; rest >>= 7) {
      digits.insert(digits.begin(), static_cast<std::uint8_t>(0x80 | (rest & 0x7f)));
    }
    append(content, digits);
  }
  return item({0x06}, content);
}

// Ecdsa-Sig-Value of 64 bytes r ‖ s.
inline Bytes ecdsa_signature(ByteView fixed) {
  const auto number = [](ByteView big_endian) {
    while (big_endian.size() > 1 && big_endian[0] == 0) big_endian = big_endian.subspan(1);
    return item({0x02}, big_endian[0] >= 0x80 ? join({Bytes{0}, big_endian}) : join({big_endian}));
  };
  return sequence({number(fixed.first(32)), number(fixed.subspan(32))});
}

inline Bytes es256(const crypto::Es256Key& key, ByteView message) { return ecdsa_signature(key.sign(message)); }

struct Extension {
  std::string oid;
  Bytes value;
  bool critical = false;
};

// What stands in a certificate; tests spoil one thing at a time.
struct CertificateLook {
  int version = 3;
  std::vector<std::pair<std::string, std::string>> subject;  // dotted identifier, text
  bool authority = false;
  std::vector<Extension> extensions;  // besides basicConstraints
};

inline const std::string kCountry = "2.5.4.6", kOrganization = "2.5.4.10", kUnit = "2.5.4.11", kCommonName = "2.5.4.3";

inline Bytes name(const std::vector<std::pair<std::string, std::string>>& attributes) {
  Bytes sets;
  for (const auto& [type, value] : attributes) append(sets, set({sequence({oid(type), text(value)})}));
  return item({0x30}, sets);
}

// An authority with a root of its own, valid from 2020 to 2049.
class Authority {
  crypto::Es256Key key_;
  std::vector<std::pair<std::string, std::string>> name_ = {{kCommonName, "Test attestation root"}};
  std::uint8_t serial_ = 0;

  static Bytes validity() {
    return sequence({item({0x17}, bytes_of("200101000000Z")), item({0x17}, bytes_of("491231235959Z"))});
  }

 public:
  explicit Authority(Random& random) : key_(crypto::Es256Key::generate(random)) {}

  // DER of a certificate for a key given as SubjectPublicKeyInfo.
  Bytes issue(const CertificateLook& look, ByteView public_key) {
    const Bytes algorithm = sequence({oid("1.2.840.10045.4.3.2")});  // ecdsa-with-SHA256
    const Bytes constraint = look.authority ? sequence({boolean_true()}) : sequence({});
    Bytes extensions = sequence({oid("2.5.29.19"), boolean_true(), octets(constraint)});
    for (const Extension& e : look.extensions) {
      const Bytes critical = e.critical ? boolean_true() : Bytes{};
      append(extensions, sequence({oid(e.oid), critical, octets(e.value)}));
    }
    Bytes body;
    const auto version = static_cast<std::uint8_t>(look.version - 1);
    if (look.version > 1) append(body, item({0xa0}, small_integer(version)));
    append(body, join({small_integer(++serial_), algorithm, name(name_), validity(), name(look.subject), public_key}));
    if (look.version == 3) append(body, item({0xa3}, item({0x30}, extensions)));
    const Bytes to_be_signed = item({0x30}, body);
    return sequence({to_be_signed, algorithm, bits(es256(key_, to_be_signed))});
  }
  // DER of the root.
  Bytes root() { return issue({.subject = name_, .authority = true, .extensions = {}}, key_.public_key().der()); }
};

}  // namespace countersign::testing::der
