// The operator's log: JSON lines on stderr, one event a line. It takes open fields only (core/record/fields.h): a phone
// number or a name of history in it is a compile error.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/id.h"
#include "core/base/time.h"
#include "core/record/fields.h"

namespace countersign::oplog {

enum class Level { info, warn, error };

// The name of an event, "face.what_happened": a literal, so that nothing said at run time can become one.
class EventName {
  std::string_view text_;

 public:
  consteval EventName(const char* text) : text_(text) {}
  std::string_view text() const { return text_; }
};

// A field with its value, viewed for the length of the call. Made by field() alone.
class Written {
  std::string_view name_;
  std::variant<std::int64_t, std::string_view> value_;

  Written(std::string_view name, std::int64_t value) : name_(name), value_(value) {}
  Written(std::string_view name, std::string_view value) : name_(name), value_(value) {}

  template <std::integral T>
  friend Written field(const record::Open<T>&, std::type_identity_t<T>);
  friend Written field(const record::Open<std::string>&, std::string_view);
  template <class Tag>
  friend Written field(const record::Open<Id<Tag>>&, const Id<Tag>&);

 public:
  std::string_view name() const { return name_; }
  const std::variant<std::int64_t, std::string_view>& value() const { return value_; }
};

template <std::integral T>
Written field(const record::Open<T>& open, std::type_identity_t<T> value) {
  return Written(open.name, static_cast<std::int64_t>(value));
}
inline Written field(const record::Open<std::string>& open, std::string_view value) {
  return Written(open.name, value);
}
template <class Tag>
Written field(const record::Open<Id<Tag>>& open, const Id<Tag>& id) {
  return Written(open.name, std::string_view(id.text()));
}

// Where lines go. Called by one thread at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(std::string_view line) = 0;  // without the line's end
};

// Keeps lines for tests to look at.
class KeptLines : public Sink {
  std::mutex mutex_;
  std::vector<std::string> lines_;

 public:
  void write(std::string_view line) override;
  std::vector<std::string> lines();
};

// Thread-safe; no call throws, whatever becomes of the line.
class Log {
  const Clock& clock_;
  std::mutex mutex_;
  std::unique_ptr<Sink> own_;
  Sink& sink_;
  std::atomic<Level> least_{Level::info};

 public:
  // To stderr, written before the call returns.
  explicit Log(const Clock& clock);
  // To a sink that outlives it.
  Log(const Clock& clock, Sink& sink);

  // Leaves out what is less grave than `least` from now on.
  void keep_from(Level least) { least_ = least; }

  // {"ts":"…","level":"info","event":"server.ready","took_ms":12}; fields in the order given.
  template <std::same_as<Written>... Fields>
  void info(EventName event, const Fields&... fields) noexcept { line(Level::info, event, {fields...}); }
  template <std::same_as<Written>... Fields>
  void warn(EventName event, const Fields&... fields) noexcept { line(Level::warn, event, {fields...}); }
  template <std::same_as<Written>... Fields>
  void error(EventName event, const Fields&... fields) noexcept { line(Level::error, event, {fields...}); }

 private:
  void line(Level level, EventName event, std::initializer_list<Written> fields) noexcept;
};

}  // namespace countersign::oplog
