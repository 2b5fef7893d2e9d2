#include "oplog/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "testing/manual_clock.h"

namespace countersign::oplog {
namespace {

template <class Field, class Value>
concept Loggable = requires(const Field& f, const Value& v) { field(f, v); };

static_assert(Loggable<record::Open<TenantId>, TenantId>);
static_assert(Loggable<record::Open<std::string>, std::string>);
static_assert(Loggable<record::Open<std::int64_t>, int>);
static_assert(!Loggable<record::Service<std::string>, std::string>);
static_assert(!Loggable<record::Sealed<std::string>, std::string>);
static_assert(!Loggable<record::Open<TenantId>, UserId>);
static_assert(!Loggable<decltype(record::phone_number), std::string>);
static_assert(!Loggable<decltype(record::kAuthenticationFields[0]), std::string>);
static_assert(!std::constructible_from<Written, std::string_view, std::string_view>);
static_assert(!std::convertible_to<std::string, EventName>);

class Logging : public ::testing::Test {
 protected:
  testing::ManualClock clock{from_unix_ms(1'700'000'000'123)};
  KeptLines kept;
  Log log{clock, kept};

  nlohmann::json only_line() {
    EXPECT_EQ(kept.lines().size(), 1u);
    return nlohmann::json::parse(kept.lines().at(0));
  }
};

TEST_F(Logging, WritesOneJsonLineAnEvent) {
  log.info("server.ready", field(record::took_ms, 12), field(record::tenant_id, TenantId::trusted("DA1")));
  EXPECT_EQ(kept.lines().at(0),
            R"({"ts":"2023-11-14T22:13:20.123000+00:00","level":"info","event":"server.ready","took_ms":12,)"
            R"("tenant_id":"DA1"})");
}

TEST_F(Logging, NamesTheLevel) {
  log.error("store.away");
  EXPECT_EQ(only_line()["level"], "error");
}

TEST_F(Logging, KeepsALineOneLine) {
  log.warn("net.refused", field(record::detail, "a\nb\"c"));
  EXPECT_EQ(kept.lines().at(0).find('\n'), std::string::npos);
  EXPECT_EQ(only_line()["detail"], "a\nb\"c");
}

TEST(Log, SurvivesASinkThatThrows) {
  class Full : public Sink {
    void write(std::string_view) override { throw std::runtime_error("disk full"); }
  };
  testing::ManualClock clock;
  Full full;
  Log log(clock, full);
  log.info("server.ready");
  log.info("server.ready");  // not stuck on a mutex either
}

TEST(Log, WritesToStderr) {
  testing::ManualClock clock;
  ::testing::internal::CaptureStderr();
  Log log(clock);
  log.info("server.ready", field(record::count, 3));
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(text.ends_with("\"event\":\"server.ready\",\"count\":3}\n")) << text;
}

}  // namespace
}  // namespace countersign::oplog
