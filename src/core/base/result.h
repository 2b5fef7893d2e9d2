// A value or the reason there is none. Member names follow std::expected, so that a later swap is an alias.
#pragma once

#include <cstdlib>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace countersign {

// What went wrong, in the six words every face can translate into its own dialect.
enum class Errc {
  malformed,    // the input is not of the form asked for
  refused,      // understood, and not allowed
  not_found,    // no such thing, or not for this caller
  conflict,     // exists already, or changed underneath
  exhausted,    // a limit was reached
  unavailable,  // a dependency is away; trying again may help
};

// The stable name of a code, for logs and tests.
const char* name(Errc code);

// `what` is for the operator and, where a face says so, for the caller; it never holds a secret or personal data.
struct Error {
  Errc code;
  std::string what;
};

template <class T>
class [[nodiscard]] Result {
  std::variant<T, Error> v_;

  T& need() {
    if (!has_value()) std::abort();
    return *std::get_if<0>(&v_);
  }
  const T& need() const {
    if (!has_value()) std::abort();
    return *std::get_if<0>(&v_);
  }

 public:
  using value_type = T;

  // Implicit on purpose: `return value;` and `return Error{…};`.
  Result(T v) : v_(std::in_place_index<0>, std::move(v)) {}
  Result(Error e) : v_(std::in_place_index<1>, std::move(e)) {}

  bool has_value() const noexcept { return v_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  T& operator*() & { return need(); }
  const T& operator*() const& { return need(); }
  T&& operator*() && { return std::move(need()); }
  T* operator->() { return &need(); }
  const T* operator->() const { return &need(); }
  const Error& error() const& {
    if (has_value()) std::abort();
    return *std::get_if<1>(&v_);
  }
  Error&& error() && {
    if (has_value()) std::abort();
    return std::move(*std::get_if<1>(&v_));
  }
};

template <>
class [[nodiscard]] Result<void> {
  std::variant<std::monostate, Error> v_;

 public:
  using value_type = void;

  Result() = default;
  Result(Error e) : v_(std::in_place_index<1>, std::move(e)) {}

  bool has_value() const noexcept { return v_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  void operator*() const {
    if (!has_value()) std::abort();
  }
  const Error& error() const& {
    if (has_value()) std::abort();
    return *std::get_if<1>(&v_);
  }
  Error&& error() && {
    if (has_value()) std::abort();
    return std::move(*std::get_if<1>(&v_));
  }
};

}  // namespace countersign

#define CS_CAT_(a, b) a##b
#define CS_CAT(a, b) CS_CAT_(a, b)

// The value of a Result, or return its error from here. Do not nest (-Wshadow).
#define TRY(...)                                                      \
  __extension__({                                                     \
    auto try_ = (__VA_ARGS__);                                        \
    if (!try_) [[unlikely]] return std::move(try_).error();           \
    *std::move(try_);                                                 \
  })
