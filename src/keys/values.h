// put() and get() of every type that stands in a question or an answer (wire.h has the bytes, crossing.h the structs).
#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "keys/crossing.h"
#include "keys/wire.h"

namespace countersign::keys {

template <class T>
concept Text = std::same_as<T, std::string> || std::same_as<T, std::string_view>;
template <class T>
concept Octets = std::same_as<T, Bytes> || std::same_as<T, ByteView>;
template <class T>
concept Named = requires(const T& t) {
  { t.text() } -> std::same_as<const std::string&>;
  T::parse(std::string_view());
};
template <class T>
concept Listed = requires(T t) { t.emplace_back(); } && !Text<T> && !Octets<T>;
template <class T>
concept Perhaps = requires(T t) {
  t.has_value();
  t.emplace();
};

template <class T>
void put(Writer& w, const T& v) {
  if constexpr (std::integral<T> || std::is_enum_v<T>) {
    w.number(static_cast<std::uint64_t>(v), sizeof v);
  } else if constexpr (Text<T>) {
    w.text(bytes_of(v));
  } else if constexpr (Octets<T>) {
    w.text(v);
  } else if constexpr (std::same_as<T, Secret>) {
    w.text(v.reveal_bytes());
  } else if constexpr (Named<T>) {
    w.text(bytes_of(v.text()));
  } else if constexpr (std::same_as<T, Instant>) {
    put(w, unix_ms(v));
  } else if constexpr (std::same_as<T, crypto::X25519PublicKey>) {
    w.text(v.bytes());
  } else if constexpr (std::same_as<T, history::EpochHeader>) {
    w.text(history::encode(v));
  } else if constexpr (std::same_as<T, factor::webauthn::Aaguid>) {
    w.raw(v);
  } else if constexpr (Perhaps<T>) {
    put(w, v.has_value());
    if (v) put(w, *v);
  } else if constexpr (Listed<T>) {
    w.number(v.size(), 4);
    for (const auto& item : v) put(w, item);
  } else {
    std::apply([&w](const auto&... member) { (put(w, member), ...); }, Crossing<T>::of(v));
  }
}

template <class T>
void take_parsed(Reader& r, T& out, Result<T> parsed) {
  if (!parsed) return r.fail();
  out = *std::move(parsed);
}

template <class T>
void get(Reader& r, T& out) {
  if constexpr (std::same_as<T, bool> || std::is_enum_v<T>) {
    const std::uint64_t value = r.number(sizeof out);
    const auto greatest = [] {
      if constexpr (std::same_as<T, bool>)
        return std::uint64_t{1};
      else
        return static_cast<std::uint64_t>(kGreatest<T>);
    };
    if (value > greatest()) return r.fail();
    out = static_cast<T>(value);
  } else if constexpr (std::integral<T>) {
    out = static_cast<T>(r.number(sizeof out));
  } else if constexpr (Text<T>) {
    out = text_of(r.text());
  } else if constexpr (std::same_as<T, ByteView>) {
    out = r.text();
  } else if constexpr (std::same_as<T, Bytes>) {
    const ByteView bytes = r.text();
    out.assign(bytes.begin(), bytes.end());
  } else if constexpr (std::same_as<T, Secret>) {
    out = Secret(r.text());
  } else if constexpr (Named<T>) {
    const std::string_view text = text_of(r.text());
    if (!text.empty()) take_parsed(r, out, T::parse(text));
  } else if constexpr (std::same_as<T, Instant>) {
    out = from_unix_ms(static_cast<std::int64_t>(r.number(8)));
  } else if constexpr (std::same_as<T, crypto::X25519PublicKey>) {
    take_parsed(r, out, crypto::X25519PublicKey::from_bytes(r.text()));
  } else if constexpr (std::same_as<T, history::EpochHeader>) {
    take_parsed(r, out, history::decode_header(r.text()));
  } else if constexpr (std::same_as<T, factor::webauthn::Aaguid>) {
    const ByteView bytes = r.raw(out.size());
    if (r.good()) std::copy(bytes.begin(), bytes.end(), out.begin());
  } else if constexpr (Perhaps<T>) {
    bool there = false;
    get(r, there);
    if (there) get(r, out.emplace());
  } else if constexpr (Listed<T>) {
    const std::size_t count = r.count();
    for (std::size_t i = 0; i < count && r.good(); ++i) get(r, out.emplace_back());
  } else {
    std::apply([&r](auto&... member) { (get(r, member), ...); }, Crossing<T>::of(out));
  }
}

// An answer: 0 and the value, or the error's code plus one and its text.
template <class T>
void put_answer(Writer& w, const Result<T>& answer) {
  if (!answer) {
    w.number(static_cast<std::uint64_t>(answer.error().code) + 1, 1);
    return w.text(bytes_of(std::string_view(answer.error().what).substr(0, kErrorTextMax)));
  }
  w.number(0, 1);
  if constexpr (!std::is_void_v<T>) put(w, *answer);
}
// unavailable: not an answer of that kind.
std::optional<Error> get_error(Reader& r);
template <class T>
Result<T> get_answer(ByteView bytes) {
  Reader r(bytes);
  if (std::optional<Error> error = get_error(r)) return *std::move(error);
  const Error strange{Errc::unavailable, "the keys' process gave an answer of another form"};
  if constexpr (std::is_void_v<T>) {
    return r.whole() ? Result<void>() : Result<void>(strange);
  } else {
    T out{};
    get(r, out);
    if (!r.whole()) return strange;
    return out;
  }
}

}  // namespace countersign::keys
