#include <gtest/gtest.h>

#include "flow/preauth.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

using testing::finish;
using testing::SmallWorld;

// A group with a policy that says so, and the user in it.
void join(SmallWorld& world, const User& user, std::string name, std::string_view key, std::string_view value) {
  Group group;
  group.tenant = world.tenant.id;
  group.id = GroupId::make(world.random);
  group.name = std::move(name);
  policy::Policy policy;
  EXPECT_TRUE(policy::set(policy, key, value));
  world.write([&](store::Txn& txn) -> Result<void> {
    TRY(store::insert_group(txn, group));
    TRY(store::join_group(txn, group.tenant, group.id, user.id));
    return store::put_policy(txn, group.tenant, {store::PolicyScope::group, group.id.text(), policy::encode(policy)});
  });
}

std::string reason(SmallWorld& world) {
  return finish<Preauth>([&](Done<Preauth> done) {
           PreauthRequest request;
           request.app = world.app;
           request.user = "alice";
           request.access.ip = "192.0.2.1";
           preauth(*world.ports, std::move(request), std::move(done));
         })
      ->reason;
}

// With no policy of the application's or the tenant's, groups stand alone and must not be taken for either.
TEST(GroupPolicy, TheStricterGroupCountsWhereNothingElseIsSet) {
  for (const bool stricter_first : {true, false}) {
    SmallWorld world;
    const User user = world.add_user("alice");
    world.add_totp(user);
    join(world, user, "one", "user_auth_behavior", stricter_first ? "deny" : "bypass");
    join(world, user, "two", "user_auth_behavior", stricter_first ? "bypass" : "deny");
    EXPECT_EQ(reason(world), "denied_by_policy");
  }
}

}  // namespace
}  // namespace countersign::flow
