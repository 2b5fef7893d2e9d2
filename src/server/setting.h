// One setting of the configuration: its key, its value, and what the manual says about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace countersign::server {

class Config;

enum class Kind { text, number, list };

// One setting: its key, its value, and what the manual says about it.
class Setting {
  std::string_view key_, unit_, meaning_;

 protected:
  Setting(Config& of, std::string_view key, std::string_view unit, std::string_view meaning);
  ~Setting() = default;

 public:
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

  std::string_view key() const { return key_; }          // "limits.connections"
  std::string_view unit() const { return unit_; }        // "seconds", "path", "host:port", …
  std::string_view meaning() const { return meaning_; }
  virtual Kind kind() const = 0;
  virtual std::string shown() const = 0;                 // the value as TOML writes it
  virtual std::string range() const = 0;                 // what is allowed, or empty
};

class Text : public Setting {
  std::string value_;
  std::vector<std::string_view> choices_;  // empty: any

 public:
  Text(Config& of, std::string_view key, std::string value, std::string_view unit, std::string_view meaning,
       std::vector<std::string_view> choices = {})
      : Setting(of, key, unit, meaning), value_(std::move(value)), choices_(std::move(choices)) {}
  Kind kind() const override { return Kind::text; }
  std::string shown() const override;
  std::string range() const override;
  // malformed: not one of the choices, over 4096 bytes, or with a control character.
  Result<void> set(std::string value);
  const std::string& operator*() const { return value_; }
};

class Number : public Setting {
  std::int64_t value_, least_, most_;

 public:
  struct Range {
    std::int64_t least, most;
  };
  Number(Config& of, std::string_view key, std::int64_t value, Range range, std::string_view unit,
         std::string_view meaning)
      : Setting(of, key, unit, meaning), value_(value), least_(range.least), most_(range.most) {}
  Kind kind() const override { return Kind::number; }
  std::string shown() const override { return std::to_string(value_); }
  std::string range() const override;
  // malformed: out of range.
  Result<void> set(std::int64_t value);
  std::int64_t operator*() const { return value_; }
};

class List : public Setting {
  std::vector<std::string> value_;

 public:
  List(Config& of, std::string_view key, std::vector<std::string> value, std::string_view unit,
       std::string_view meaning)
      : Setting(of, key, unit, meaning), value_(std::move(value)) {}
  Kind kind() const override { return Kind::list; }
  std::string shown() const override;
  std::string range() const override { return "at most 64"; }
  // malformed: more than 64, or an empty one.
  Result<void> set(std::vector<std::string> value);
  const std::vector<std::string>& operator*() const { return value_; }
};

}  // namespace countersign::server
