// JSON Web Tokens in compact form (RFC 7519, RFC 7515): read with the algorithm fixed by the key, never by the header.
#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/codec/json_read.h"

namespace countersign::codec {

inline constexpr std::size_t kJwtBytesMax = 16 * 1024;

enum class JwtAlgorithm { hs512, es256 };

// A signed text taken apart (RFC 7515 §3.1); nothing in it is true before its signature was checked.
struct JwsParts {
  std::string signing_input;     // header "." payload, as sent: what the signature is over
  Bytes signature;
  Json header;                   // an object
  std::string payload;           // any bytes
};
// malformed: not three parts of base64url without padding, over kJwtBytesMax, the header not one JSON object, a member
// twice at any depth.   refused: `alg` is not `wanted` (also "none"), or a header that changes what is signed or under
// which key: crit, b64, jku, jwk, x5u, x5c, zip, enc, cty. Headers that merely name something (kid, typ, x5t) stay.
Result<JwsParts> read_jws(std::string_view compact, JwtAlgorithm wanted);

struct JwtParts {
  std::string signing_input;
  Bytes signature;
  Json header, payload;          // both objects
};
// The same, where the payload is claims.   malformed: also where it is not one JSON object, or has a member twice.
Result<JwtParts> read_jwt(std::string_view compact, JwtAlgorithm wanted);

// A NumericDate (RFC 7519 §2): an integer, a fraction, or a string of either, as Duo's clients send them.
// malformed: something else, negative, or beyond the year 9999.   not_found: no such claim.
Result<Instant> numeric_date(const Json& payload, std::string_view claim);

// "header.payload" ready to be signed: {"alg":…,"typ":"JWT"} and `payload` (JSON text of an object).
std::string jwt_signing_input(JwtAlgorithm algorithm, std::string_view payload);
std::string jwt(std::string signing_input, ByteView signature);

}  // namespace countersign::codec
