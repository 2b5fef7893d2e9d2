// OpenSSL's plain SHA states, for hash.cc and mac.cc only: a third of the cost of EVP on short messages, because
// nothing is looked up or allocated. Deprecated by OpenSSL in favour of EVP, hence confined to those two files.
#pragma once

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "core/crypto/hash.h"

namespace countersign::crypto {

// The chaining value between two blocks, wide enough for each of the three.
using ChainingValue = std::array<std::uint64_t, 8>;

struct Sha1 {
  using State = SHA_CTX;
  static constexpr std::size_t kBlock = SHA_CBLOCK, kSize = SHA_DIGEST_LENGTH;
  static void init(State& s) { SHA1_Init(&s); }
  static void update(State& s, ByteView b) { SHA1_Update(&s, b.data(), b.size()); }
  static void final(State& s, std::uint8_t* out) { SHA1_Final(out, &s); }
  static void save(const State& s, ChainingValue& to) { to = {s.h0, s.h1, s.h2, s.h3, s.h4}; }
  // Goes on after exactly one block.
  static void load(State& s, const ChainingValue& from) {
    SHA1_Init(&s);
    s.h0 = static_cast<SHA_LONG>(from[0]);
    s.h1 = static_cast<SHA_LONG>(from[1]);
    s.h2 = static_cast<SHA_LONG>(from[2]);
    s.h3 = static_cast<SHA_LONG>(from[3]);
    s.h4 = static_cast<SHA_LONG>(from[4]);
    s.Nl = kBlock * 8;
  }
};

struct Sha256 {
  using State = SHA256_CTX;
  static constexpr std::size_t kBlock = SHA256_CBLOCK, kSize = SHA256_DIGEST_LENGTH;
  static void init(State& s) { SHA256_Init(&s); }
  static void update(State& s, ByteView b) { SHA256_Update(&s, b.data(), b.size()); }
  static void final(State& s, std::uint8_t* out) { SHA256_Final(out, &s); }
  static void save(const State& s, ChainingValue& to) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = s.h[i];
  }
  static void load(State& s, const ChainingValue& from) {
    SHA256_Init(&s);
    for (std::size_t i = 0; i < from.size(); ++i) s.h[i] = static_cast<SHA_LONG>(from[i]);
    s.Nl = kBlock * 8;
  }
};

struct Sha512 {
  using State = SHA512_CTX;
  static constexpr std::size_t kBlock = SHA512_CBLOCK, kSize = SHA512_DIGEST_LENGTH;
  static void init(State& s) { SHA512_Init(&s); }
  static void update(State& s, ByteView b) { SHA512_Update(&s, b.data(), b.size()); }
  static void final(State& s, std::uint8_t* out) { SHA512_Final(out, &s); }
  static void save(const State& s, ChainingValue& to) { std::memcpy(to.data(), s.h, sizeof s.h); }
  static void load(State& s, const ChainingValue& from) {
    SHA512_Init(&s);
    std::memcpy(s.h, from.data(), sizeof s.h);
    s.Nl = kBlock * 8;
  }
};

// Calls `f` with the hash of that kind.
template <class F>
auto with_sha(HashKind kind, F&& f) {
  switch (kind) {
    case HashKind::sha1: return f(Sha1());
    case HashKind::sha256: return f(Sha256());
    case HashKind::sha512: return f(Sha512());
  }
  std::abort();
}

}  // namespace countersign::crypto
