#include "oplog/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "core/codec/http_date.h"
#include "core/codec/json_write.h"

namespace countersign::oplog {
namespace {

std::string_view name(Level level) {
  switch (level) {
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
  }
  std::abort();
}

// spdlog's own formatting is off: a line is made here, whole, and only carried there.
class Stderr : public Sink {
  spdlog::logger logger_;

 public:
  Stderr() : logger_("operator", std::make_shared<spdlog::sinks::stderr_sink_st>()) {
    logger_.set_pattern("%v");
    logger_.set_level(spdlog::level::trace);
    logger_.flush_on(spdlog::level::trace);
    logger_.set_error_handler([](const std::string&) {});  // stderr may be closed; that must stop nobody
  }
  void write(std::string_view line) override { logger_.log(spdlog::level::info, line); }
};

}  // namespace

void KeptLines::write(std::string_view line) {
  const std::lock_guard lock(mutex_);
  lines_.emplace_back(line);
}

std::vector<std::string> KeptLines::lines() {
  const std::lock_guard lock(mutex_);
  return lines_;
}

Log::Log(const Clock& clock) : clock_(clock), own_(std::make_unique<Stderr>()), sink_(*own_) {}

Log::Log(const Clock& clock, Sink& sink) : clock_(clock), sink_(sink) {}

void Log::line(Level level, EventName event, std::initializer_list<Written> fields) noexcept {
  if (level < least_.load(std::memory_order_relaxed)) return;
  try {
    codec::JsonWriter json;
    json.begin_object();
    json.key("ts").string(codec::iso_date(clock_.now()));
    json.key("level").string(name(level));
    json.key("event").string(event.text());
    for (const Written& field : fields) {
      json.key(field.name());
      if (const auto* number = std::get_if<std::int64_t>(&field.value())) {
        json.integer(*number);
      } else {
        json.string(std::get<std::string_view>(field.value()));
      }
    }
    json.end_object();
    const std::lock_guard lock(mutex_);
    sink_.write(json.text());
  } catch (...) {
    // Whoever logs is in the middle of something that matters more than the line.
  }
}

}  // namespace countersign::oplog
