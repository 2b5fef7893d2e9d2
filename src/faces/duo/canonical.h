// What a Duo client signs (duo-api §1.2): the request as lines of text, in each spelling that clients are known to use.
// Pure; whether a signature is right is asked of keys/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "net/http.h"

namespace countersign::duo {

enum class SignatureVersion { v1 = 1, v2 = 2, v4 = 4, v5 = 5 };  // no client speaks 3

// The parameters of a query string or a form body, decoded and encoded again so that "+" and "%20" are one thing.
// Bytes that are no text are kept as they are: what they mean is for Parameters to refuse, once the signature is right.
class CanonicalParameters {
 public:
  // exhausted: over 200 pairs or 64 KiB.
  static Result<CanonicalParameters> of(std::string_view form);

  // Sorted by key, then by value (RFC 5849 §3.4.1.3.2).
  std::string by_key_then_value() const;
  // The other orders that clients sign (duo-api §1.4), where they differ from that one: whole "k=v" texts sorted;
  // sorted by key with repeats as sent.
  std::vector<std::string> other_orders() const;

 private:
  struct Pair {
    std::uint32_t begin, equals, end;  // "key=value" in text_
  };
  std::string_view key(const Pair& p) const;
  std::string_view value(const Pair& p) const;
  std::string_view whole(const Pair& p) const;
  std::string joined(const std::vector<Pair>& pairs) const;

  std::string text_;
  std::vector<Pair> pairs_;  // as sent
};

// The name alone: lower case, without port, without the brackets of an IPv6 address.
std::string host_name(std::string_view host);

// How the host line may be spelled, likeliest first, each once: as sent and without the port, in lower case; then the
// same as typed, since one client does not lower it (duo-api §0.3).
std::vector<std::string> host_lines(std::string_view host);

// Lower-case hex SHA-512 of a body, and of the X-Duo-* headers (name NUL value NUL name NUL value, sorted by name).
std::string body_line(std::string_view body);
std::string header_line(const std::vector<net::Header>& headers);

struct SignedLines {
  std::string_view date;        // exactly as in the header; v1 has none
  std::string_view method;
  std::string_view host;
  std::string_view path;
  std::string_view parameters;
  std::string_view body;        // v4 and v5
  std::string_view headers;     // v5
};

// The text that the MAC is computed over; replaces what `out` held, whose room is used again.
void write_canonical(SignatureVersion version, const SignedLines& lines, std::string& out);

}  // namespace countersign::duo
