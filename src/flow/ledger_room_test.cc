// What the disk's last room is not for.
#include <gtest/gtest.h>

#include "flow/ledger.h"
#include "testing/house.h"

namespace countersign::flow {
namespace {

// Nothing must be asked of it: the flow would be undone, and the sign-ins of its batch with it.
class LastRoom : public store::Txn {
 public:
  Result<std::int64_t> rows(store::Query, store::Params, const OnRow&) override { return touched(); }
  Result<std::int64_t> change(store::Query, store::Params) override { return touched(); }
  void after_commit(std::function<void()>) override { ADD_FAILURE() << "something is to follow"; }
  bool spares_room() const override { return true; }

 private:
  static Result<std::int64_t> touched() {
    ADD_FAILURE() << "the database was asked";
    return std::int64_t{0};
  }
};

TEST(LastRoom, IsNotForEventsOfTheLedger) {
  const testing::House house;
  LastRoom txn;
  const ledger::Event event = begin_event(house.ports, ledger::EventType::read, house.tenant.id, {});
  const Result<void> done = record(txn, {event});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::unavailable);
  EXPECT_NE(done.error().what.find("the database's disk is full"), std::string::npos);
}

}  // namespace
}  // namespace countersign::flow
