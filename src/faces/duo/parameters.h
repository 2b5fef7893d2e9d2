// The parameters of one request, from a form or a JSON body alike, and how an endpoint reads them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/secret.h"
#include "core/codec/form.h"
#include "faces/duo/envelope.h"

namespace countersign::duo {

// Names and values as sent. Values of JSON are kept as the text a form would carry (1 is "1", true is "true"); null
// counts as not sent; a list or an object is kept as wrong, to be refused if the endpoint knows its name.
class Parameters {
 public:
  // Both may be called, for a request with a query and a JSON body.
  // malformed: not percent-encoded UTF-8, or NUL; not a JSON object.   exhausted: too much of it.
  Result<void> add_form(std::string_view form);
  Result<void> add_json(std::string_view body);

 private:
  friend class ParameterReader;
  struct Value {
    std::string name, text;
    bool wrong = false;
  };
  std::vector<Value> values_;
};

// Reads what an endpoint knows; the first thing wrong is kept as the Failure to answer with, and later reads give empty
// values. Unknown names are ignored, however often they stand.
class ParameterReader {
 public:
  explicit ParameterReader(Parameters& of) : of_(of) {}

  // The value, empty when not sent.   40002: twice, not text, longer than `max` bytes, or a control character in it.
  std::string text(std::string_view name, std::size_t max);
  // The same, and 40001 when it is not sent or empty.
  std::string need(std::string_view name, std::size_t max);
  // The same as need, for what must not be kept as text. Control characters pass: it is only compared.
  Secret secret(std::string_view name, std::size_t max);
  // Over any bytes of UTF-8, for values with a format of their own.
  std::string raw(std::string_view name, std::size_t max);
  // 1, 0, true, false, yes, no in any case.
  bool flag(std::string_view name);
  std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most, std::int64_t otherwise);

  // Whether a value stands there at all.
  bool has(std::string_view name) const;

  void fail(Code code, std::string detail);
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  Parameters::Value* find(std::string_view name);
  std::string take(std::string_view name, std::size_t max);

  Parameters& of_;
  std::optional<Failure> failure_;
};

}  // namespace countersign::duo
