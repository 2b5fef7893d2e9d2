#include "server/cli_backup.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "server/data_dir.h"
#include "store/open.h"
#include "store/tenants.h"
#include "testing/temp_dir.h"

namespace countersign::server {
namespace {

struct Backup : ::testing::Test {
  testing::TempDir folder;
  std::string data = (folder.path() / "data").string();
  std::string copy = (folder.path() / "copy.db").string();

  void add(store::Store& store, const char* name) {
    Tenant tenant;
    tenant.id = TenantId::trusted(name);
    tenant.name = name;
    ASSERT_TRUE(store::write_and_wait(store, [&](store::Txn& txn) -> Result<bool> {
      TRY(store::insert_tenant(txn, tenant));
      return true;
    }));
  }
  std::size_t tenants() {
    const auto store = *store::open("sqlite", data);
    return store::read(*store, [](store::Txn& txn) { return store::tenants(txn); })->size();
  }
};

TEST_F(Backup, TakesWhatIsCommittedWhileTheServerRuns) {
  { ASSERT_TRUE(DataDir::open(data)); }
  {
    const auto store = *store::open("sqlite", data);
    add(*store, "before");
    ASSERT_TRUE(backup(data, copy));
    add(*store, "after");
  }
  EXPECT_EQ(tenants(), 2u);
  ASSERT_TRUE(restore(data, copy));
  EXPECT_EQ(tenants(), 1u);
}

TEST_F(Backup, NeverWritesOverAFile) {
  { ASSERT_TRUE(DataDir::open(data)); }
  { ASSERT_TRUE(store::open("sqlite", data)); }
  ASSERT_TRUE(backup(data, copy));
  EXPECT_EQ(backup(data, copy).error().code, Errc::conflict);
  struct stat seen {};
  ASSERT_EQ(::stat(copy.c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777, 0600u);
}

TEST_F(Backup, ARunningServersDatabaseIsNotReplaced) {
  const DataDir held = *DataDir::open(data);
  { ASSERT_TRUE(store::open("sqlite", data)); }
  ASSERT_TRUE(backup(data, copy));
  EXPECT_EQ(restore(data, copy).error().code, Errc::conflict);
}

TEST_F(Backup, WhatIsNoDatabaseIsNeitherCopiedNorRestored) {
  { ASSERT_TRUE(DataDir::open(data)); }
  EXPECT_EQ(backup(data, copy).error().code, Errc::not_found);
  { ASSERT_TRUE(store::open("sqlite", data)); }
  std::ofstream(copy) << "this is no database, only a file that calls itself one, long enough to have a header";
  EXPECT_EQ(restore(data, copy).error().code, Errc::malformed);
  EXPECT_EQ(tenants(), 0u);
}

}  // namespace
}  // namespace countersign::server
