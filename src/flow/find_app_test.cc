#include "flow/find_app.h"

#include <gtest/gtest.h>

#include "flow/administer.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

using testing::SmallWorld;

class FindApp : public ::testing::Test {
 protected:
  SmallWorld world;
  AppCache cache;

  FindApp() { world.ports->apps = &cache; }

  bool enabled() { return (*find_app(*world.ports, world.app.id))->enabled; }
};

TEST_F(FindApp, SeesAChangeAtOnce) {
  EXPECT_TRUE(enabled());
  AppChange change;
  change.enabled = false;
  ASSERT_TRUE(change_app({*world.ports, {}}, world.app, change));
  EXPECT_FALSE(enabled());
}

TEST_F(FindApp, DoesNotKeepWhatWasReadBeforeAChange) {
  const auto generation = cache.generation();
  cache.changed();
  cache.put(world.app, generation);
  EXPECT_FALSE(cache.find(world.app.id));
}

TEST_F(FindApp, DoesNotRememberThatAKeyIsUnknown) {
  const AppId id = AppId::make(world.random);
  EXPECT_FALSE(*find_app(*world.ports, id));
  world.app.id = id;
  world.write([&](store::Txn& txn) { return store::insert_app(txn, world.app); });
  EXPECT_TRUE(*find_app(*world.ports, id));
}

}  // namespace
}  // namespace countersign::flow
