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

  // A change that this node does not hear of, as another node makes it.
  void disable_elsewhere() {
    world.write([&](store::Txn& txn) -> Result<void> {
      auto app = TRY(store::app_by_id(txn, world.app.id));
      app->enabled = false;
      TRY(store::update_app(txn, *app));
      return {};
    });
  }
  bool enabled() { return (*find_app(*world.ports, world.app.id))->enabled; }
};

TEST_F(FindApp, SeesAChangeOfAnotherNodeWithinASecond) {
  EXPECT_TRUE(enabled());
  disable_elsewhere();
  EXPECT_TRUE(enabled());
  world.clock.advance(kAppFresh);
  EXPECT_FALSE(enabled());
}

TEST_F(FindApp, SeesAChangeOfItsOwnNodeAtOnce) {
  EXPECT_TRUE(enabled());
  AppChange change;
  change.enabled = false;
  ASSERT_TRUE(change_app({*world.ports, {}}, world.app, change));
  EXPECT_FALSE(enabled());
}

TEST_F(FindApp, DoesNotKeepWhatWasReadBeforeAChange) {
  const auto generation = cache.generation();
  cache.changed();
  cache.put(world.app, world.clock.now(), generation);
  EXPECT_FALSE(cache.find(world.app.id, world.clock.now()));
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
