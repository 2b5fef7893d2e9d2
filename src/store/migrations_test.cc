#include "store/migrations.h"

#include "store/engines_test.h"

namespace countersign::store {
namespace {

class Migrations : public Contract {};

INSTANTIATE_TEST_SUITE_P(Store, Migrations, ::testing::Values(Kind::sqlite, Kind::postgres),
                         [](const auto& info) { return name_of(info.param); });

using Names = std::vector<std::string>;

TEST(Dialect, SpellsTypesForEachEngine) {
  EXPECT_EQ(in_dialect("a @text, b @int", Engine::sqlite), "a TEXT, b INTEGER");
  EXPECT_EQ(in_dialect("a @bytes @strict", Engine::postgres), "a bytea ");
}

TEST(Dialect, LeavesNoWordUnspelt) {
  for (const Engine engine : {Engine::sqlite, Engine::postgres}) {
    for (const Migration& migration : migrations(engine)) {
      EXPECT_EQ((migration.up + migration.down).find('@'), std::string::npos) << migration.name;
    }
  }
}

TEST(Dialect, NumbersMigrationsInOrder) {
  int expected = 0;
  for (const Migration& migration : migrations(Engine::sqlite)) EXPECT_EQ(migration.number, expected++);
  EXPECT_GT(expected, 1);
}

TEST_P(Migrations, GoDownAndUpAgain) {
  store_.reset();
  Names all;
  EXPECT_EQ(*migrate(database_, dir_.path(), Migrate::up), Names());  // opening ran them
  for (auto undone = migrate(database_, dir_.path(), Migrate::undo); undone;
       undone = migrate(database_, dir_.path(), Migrate::undo)) {
    ASSERT_EQ(undone->size(), 1u);
    all.insert(all.begin(), undone->front());
  }
  EXPECT_FALSE(all.empty());
  EXPECT_EQ(migrate(database_, dir_.path(), Migrate::undo).error().code, Errc::not_found);
  EXPECT_EQ(*migrate(database_, dir_.path(), Migrate::dry_run), all);
  EXPECT_EQ(*migrate(database_, dir_.path(), Migrate::up), all);
  EXPECT_EQ(*migrate(database_, dir_.path(), Migrate::dry_run), Names());
  reopen();
  stored_user(TenantId::trusted("DAX"), "alice");
}

TEST_P(Migrations, RefuseADatabaseOfANewerVersion) {
  ASSERT_EQ(write([](Txn& txn) -> Result<void> {
    TRY(txn.change(Query::insert_migration, {9999, "9999_tomorrow"}));
    return {};
  }), std::nullopt);
  store_.reset();
  const auto opened = open(database_, dir_.path());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::refused);
}

TEST(Open, RefusesAnAddressItDoesNotKnow) {
  EXPECT_EQ(open("mysql://x", {}).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::store
