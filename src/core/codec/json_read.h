// JSON (RFC 8259) as a tree of values, read strictly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/result.h"

namespace countersign::codec {

inline constexpr std::size_t kJsonBytesMax = 1024 * 1024;
inline constexpr std::size_t kJsonDepthMax = 32;

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;  // in the order sent, repeated keys included
  using Value = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object>;

  Json() = default;  // null
  explicit Json(Value value) : value_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_number() const { return is_int() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }

  // malformed: the value is of another type. as_int takes no fraction or exponent; as_double takes any number.
  Result<std::string_view> as_string() const;
  Result<std::int64_t> as_int() const;
  Result<double> as_double() const;
  Result<bool> as_bool() const;

  // The first member of that name; null where there is none or this is no object.
  const Json* find(std::string_view key) const;
  // How often the name stands; more than once is the caller's to refuse.
  std::size_t count(std::string_view key) const;
  // malformed: absent (the error names the key).
  Result<const Json*> need(std::string_view key) const;

  // Empty where this is no array or no object.
  const Array& items() const;
  const Object& members() const;
  const Value& value() const { return value_; }

 private:
  Value value_;
};

// One value and nothing after it. Integers beyond 64 bits signed become doubles.
// malformed: not JSON, invalid UTF-8, a lone surrogate, NUL in a string, a number out of range, deeper than 32.
// exhausted: more than `bytes_max` bytes.
Result<Json> parse_json(std::string_view text, std::size_t bytes_max);
inline Result<Json> parse_json(std::string_view text) { return parse_json(text, kJsonBytesMax); }

}  // namespace countersign::codec
