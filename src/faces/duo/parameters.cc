#include "faces/duo/parameters.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/codec/json_read.h"

namespace countersign::duo {
namespace {

constexpr std::size_t kIntegerTextMax = 20;
constexpr std::size_t kFlagTextMax = 8;

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

bool same_letters(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

// A scalar as a form would carry it; nullopt for what a form cannot.
std::optional<std::string> form_text(const codec::Json& json) {
  if (json.is_string()) return std::string(*json.as_string());
  if (json.is_int()) return std::to_string(*json.as_int());
  if (json.is_bool()) return std::string(*json.as_bool() ? "true" : "false");
  return std::nullopt;
}

}  // namespace

Result<void> Parameters::add_form(std::string_view form) {
  codec::Form parsed = TRY(codec::parse_form(form));
  values_.reserve(values_.size() + parsed.size());
  for (auto& [name, text] : parsed) values_.push_back({std::move(name), std::move(text), false});
  return {};
}

Result<void> Parameters::add_json(std::string_view body) {
  const codec::Json json = TRY(codec::parse_json(body, codec::kFormBytesMax));
  if (!json.is_object()) return Error{Errc::malformed, "the JSON body is not an object"};
  for (const auto& [name, value] : json.members()) {
    if (value.is_null()) continue;
    std::optional<std::string> text = form_text(value);
    const bool wrong = !text;
    values_.push_back({name, wrong ? std::string() : *std::move(text), wrong});
  }
  return {};
}

bool ParameterReader::has(std::string_view name) const {
  return std::any_of(of_.values_.begin(), of_.values_.end(), [&](const auto& v) { return v.name == name; });
}

void ParameterReader::fail(Code code, std::string detail) {
  if (!failure_) failure_ = Failure{code, std::move(detail)};
}

Parameters::Value* ParameterReader::find(std::string_view name) {
  Parameters::Value* found = nullptr;
  for (Parameters::Value& value : of_.values_) {
    if (value.name != name) continue;
    if (found) {
      fail(Code::invalid_parameters, fmt::format("{} (given twice)", name));
      return nullptr;
    }
    found = &value;
  }
  if (found && found->wrong) {
    fail(Code::invalid_parameters, fmt::format("{} (must be a text, a whole number or a boolean)", name));
    return nullptr;
  }
  return found;
}

std::string ParameterReader::take(std::string_view name, std::size_t max) {
  Parameters::Value* value = find(name);
  if (!value) return {};
  if (value->text.size() > max) {
    fail(Code::invalid_parameters, fmt::format("{} (longer than {} bytes)", name, max));
    return {};
  }
  return std::move(value->text);
}

std::string ParameterReader::raw(std::string_view name, std::size_t max) { return take(name, max); }

std::string ParameterReader::text(std::string_view name, std::size_t max) {
  std::string text = take(name, max);
  if (!has_control(text)) return text;
  fail(Code::invalid_parameters, fmt::format("{} (has a control character)", name));
  return {};
}

std::string ParameterReader::need(std::string_view name, std::size_t max) {
  std::string value = text(name, max);
  if (value.empty()) fail(Code::missing_parameters, std::string(name));
  return value;
}

Secret ParameterReader::secret(std::string_view name, std::size_t max) {
  Secret value(take(name, max));
  if (value.empty()) fail(Code::missing_parameters, std::string(name));
  return value;
}

bool ParameterReader::flag(std::string_view name) {
  const std::string text = take(name, kFlagTextMax);
  for (std::string_view yes : {"1", "true", "yes"}) {
    if (same_letters(text, yes)) return true;
  }
  for (std::string_view no : {"", "0", "false", "no"}) {
    if (same_letters(text, no)) return false;
  }
  fail(Code::invalid_parameters, fmt::format("{} (must be 1 or 0)", name));
  return false;
}

std::int64_t ParameterReader::integer(std::string_view name, std::int64_t least, std::int64_t most,
                                      std::int64_t otherwise) {
  const std::string text = take(name, kIntegerTextMax);
  if (text.empty()) return otherwise;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= least && value <= most) return value;
  fail(Code::invalid_parameters, fmt::format("{} (must be a whole number from {} to {})", name, least, most));
  return otherwise;
}

}  // namespace countersign::duo
