// The engines the contract suite runs over, each fresh for every test, and a small language of rows.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "store/attempts.h"
#include "store/history.h"
#include "store/open.h"
#include "store/tenants.h"
#include "store/users.h"
#include "testing/seeded_random.h"
#include "testing/temp_dir.h"

namespace countersign::store {

enum class Kind { memory, sqlite, postgres };

inline std::string name_of(Kind kind) {
  switch (kind) {
    case Kind::memory: return "memory";
    case Kind::sqlite: return "sqlite";
    case Kind::postgres: return "postgres";
  }
  return {};
}

// A new database of the test program's PostgreSQL, or why there is none.
struct PostgresDatabase {
  std::string url;
  std::string missing;
};
PostgresDatabase new_postgres_database();

inline constexpr Instant kNow = Instant(milliseconds(1'700'000'000'123));

class Contract : public ::testing::TestWithParam<Kind> {
 protected:
  testing::TempDir dir_;
  std::string database_;
  testing::SeededRandom random_;
  std::unique_ptr<Store> store_;

  void SetUp() override {
    if (GetParam() == Kind::postgres) {
      const PostgresDatabase made = new_postgres_database();
      if (!made.missing.empty()) GTEST_SKIP() << made.missing;
      database_ = made.url;
    }
    reopen();
  }
  void reopen() {
    store_.reset();
    if (GetParam() == Kind::memory) {
      store_ = open_memory();
      return;
    }
    auto opened = open(database_, dir_.path());
    ASSERT_TRUE(opened) << opened.error().what;
    store_ = *std::move(opened);
  }

  // Runs a write and says how it ended: nullopt is well.
  std::optional<Errc> write(const Flow& flow) {
    std::promise<std::optional<Errc>> promise;
    store_->write(flow, [&](Result<void> done) {
      promise.set_value(done ? std::nullopt : std::optional(done.error().code));
    });
    return promise.get_future().get();
  }
  // The value of a reading or writing flow; fails the test when there is none.
  template <class F>
  auto get(F flow) {
    auto out = store::read(*store_, flow);
    EXPECT_TRUE(out) << out.error().what;
    return *std::move(out);
  }
  template <class F>
  auto put(F flow) {
    auto out = write_and_wait(*store_, flow);
    EXPECT_TRUE(out) << out.error().what;
    return *std::move(out);
  }

  Tenant tenant(const std::string& name) {
    return {.id = TenantId::make(random_), .parent = {}, .name = name, .logo_png = {}, .created = kNow};
  }
  User user(const TenantId& tenant, const std::string& name) {
    return {.tenant = tenant, .id = UserId::make(random_), .username = name, .email = "", .realname = "",
            .failures = {}, .groups = {}, .created = kNow, .last_login = {}};
  }
  Group group(const TenantId& tenant, const std::string& name) {
    return {.tenant = tenant, .id = GroupId::make(random_), .name = name, .description = "of a test"};
  }
  Phone phone(const User& user, int second) {
    return {.tenant = user.tenant, .id = PhoneId::make(random_), .user = user.id, .name = "phone",
            .platform = "Google Android", .masked = "XXX-XXX-0100", .sealed_number = {0, 1, 2},
            .created = kNow + seconds(second), .last_seen = {}};
  }
  Enrolment enrolment(const User& user, const std::string& kind, int second) {
    return {.tenant = user.tenant, .id = EnrolmentId::make(random_), .user = user.id, .kind = kind, .phone = {},
            .label = "label", .sealed_state = {1, 0, 255}, .created = kNow + seconds(second), .last_used = {}};
  }
  StoredAttempt attempt(const User& user) {
    return {.tenant = user.tenant, .id = AttemptId::make(random_), .app = AppId::make(random_), .user = user.id,
            .phone = PhoneId::make(random_), .state = "open", .sealed_context = {9, 0, 9}, .created = kNow,
            .expires = kNow + seconds(60)};
  }
  HistoryRow event(const TenantId& tenant, std::int64_t day) {
    return {.tenant = tenant, .day = day, .id = EventId::make(random_), .sealed = {7, 0, 7}};
  }

  User stored_user(const TenantId& tenant, const std::string& name) {
    const User made = user(tenant, name);
    EXPECT_EQ(write([&](Txn& txn) { return insert_user(txn, made); }), std::nullopt);
    return made;
  }
  Enrolment stored_enrolment(const User& of, const std::string& kind, int second) {
    const Enrolment made = enrolment(of, kind, second);
    EXPECT_EQ(write([&](Txn& txn) { return insert_enrolment(txn, made); }), std::nullopt);
    return made;
  }
};

}  // namespace countersign::store
