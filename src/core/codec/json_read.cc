#include "core/codec/json_read.h"

#include <simdjson.h>

#include <algorithm>

#include "core/codec/utf8.h"

namespace countersign::codec {
namespace {

namespace dom = simdjson::dom;

Error malformed(const char* what) { return Error{Errc::malformed, what}; }

Result<std::string> text_of_json(std::string_view text) {
  if (!valid_text(text)) return malformed("JSON string holds NUL or a lone surrogate");
  return std::string(text);
}

Result<Json> tree_of(const dom::element& element, std::size_t depth_left) {
  if (depth_left == 0 && (element.is_array() || element.is_object())) return malformed("JSON is nested too deeply");
  switch (element.type()) {
    case dom::element_type::NULL_VALUE: return Json();
    case dom::element_type::BOOL: return Json(element.get_bool().value_unsafe());
    case dom::element_type::INT64: return Json(element.get_int64().value_unsafe());
    case dom::element_type::UINT64: return Json(static_cast<double>(element.get_uint64().value_unsafe()));
    case dom::element_type::DOUBLE: return Json(element.get_double().value_unsafe());
    case dom::element_type::STRING: return Json(TRY(text_of_json(element.get_string().value_unsafe())));
    case dom::element_type::ARRAY: {
      const dom::array array = element.get_array().value_unsafe();
      Json::Array items;
      items.reserve(array.size());
      for (const dom::element item : array) {
        items.push_back(TRY(tree_of(item, depth_left - 1)));
      }
      return Json(std::move(items));
    }
    case dom::element_type::OBJECT: {
      const dom::object object = element.get_object().value_unsafe();
      Json::Object members;
      members.reserve(object.size());
      for (const dom::key_value_pair member : object) {
        std::string key = TRY(text_of_json(member.key));
        members.emplace_back(std::move(key), TRY(tree_of(member.value, depth_left - 1)));
      }
      return Json(std::move(members));
    }
  }
  return malformed("JSON value of no known type");
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) return Error{Errc::exhausted, "JSON text is too long"};
  if (text.empty()) return malformed("no JSON");  // simdjson copies from the null pointer of an empty view
  dom::parser parser(bytes_max);
  // simdjson counts the document too, and an empty array not at all; tree_of is exact.
  if (parser.allocate(std::max<std::size_t>(text.size(), 64), kJsonDepthMax + 2)) {
    return Error{Errc::exhausted, "no memory for JSON"};
  }
  dom::element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root)) {
    return malformed(simdjson::error_message(error));
  }
  return tree_of(root, kJsonDepthMax);
}

Result<std::string_view> Json::as_string() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return std::string_view(*text);
  return malformed("not a JSON string");
}

Result<std::int64_t> Json::as_int() const {
  if (const auto* number = std::get_if<std::int64_t>(&value_)) return *number;
  return malformed("not a JSON integer");
}

Result<double> Json::as_double() const {
  if (const auto* number = std::get_if<double>(&value_)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*number);
  return malformed("not a JSON number");
}

Result<bool> Json::as_bool() const {
  if (const auto* truth = std::get_if<bool>(&value_)) return *truth;
  return malformed("not true or false");
}

const Json* Json::find(std::string_view key) const {
  for (const auto& [name, value] : members()) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::size_t Json::count(std::string_view key) const {
  return static_cast<std::size_t>(std::ranges::count(members(), key, &Member::first));
}

Result<const Json*> Json::need(std::string_view key) const {
  if (const Json* value = find(key)) return value;
  return Error{Errc::malformed, "JSON lacks " + std::string(key)};
}

const Json::Array& Json::items() const {
  static const Array kNone;
  const auto* items = std::get_if<Array>(&value_);
  return items ? *items : kNone;
}

const Json::Object& Json::members() const {
  static const Object kNone;
  const auto* members = std::get_if<Object>(&value_);
  return members ? *members : kNone;
}

}  // namespace countersign::codec
