#include "flow/key_exchange.h"

#include <gtest/gtest.h>

#include "flow/checkpoints.h"
#include "flow/read_history.h"
#include "flow/retention.h"
#include "flow/sign_in.h"
#include "testing/small_world.h"

namespace countersign::flow {
namespace {

// A second node: the same database and root key, a keyring and open epochs of its own.
class KeyExchanging : public ::testing::Test {
 protected:
  testing::SmallWorld world;
  testing::TempDir folder;
  std::unique_ptr<keys::LocalKeys> other_keys = second_keys();
  std::unique_ptr<Ports> first = node(*world.keys), second = node(*other_keys);

  std::unique_ptr<keys::LocalKeys> second_keys() {
    keys::LocalKeys::Files files;
    files.root_key = world.root_key_file();
    files.keyring = folder.path() / "keyring";
    return *keys::LocalKeys::open(files, world.random, world.clock);
  }
  std::unique_ptr<Ports> node(keys::Keys& keys) {
    auto out = std::make_unique<Ports>(
        Ports{*world.store, keys, world.clock, world.random, world.ports->wake, world.ports->settings});
    out->settings.key_exchange = KeyExchange::database;
    return out;
  }

  void append(const Ports& ports) {
    record::AuthEvent event;
    event.id = EventId::make(world.random);
    event.tenant = world.tenant.id;
    event.at = world.clock.now();
    const store::HistoryRow row = *seal_event(ports, event);
    world.write([&](store::Txn& txn) { return store::append_history(txn, row); });
  }
  Result<int> read(const Ports& ports) {
    int rows = 0;
    Reader reader;
    reader.actor.kind = "operator";
    TRY(read_history(ports, reader, {.tenant = world.tenant.id}, [&](const OpenedEvent&) { return ++rows > 0; }));
    return rows;
  }
};

TEST_F(KeyExchanging, WhatOneNodeSealedAnotherOpens) {
  append(*first);
  append(*second);
  append(*first);
  for (const Ports* node : {first.get(), second.get()}) {
    const Result<int> rows = read(*node);
    ASSERT_TRUE(rows) << rows.error().what;
    EXPECT_EQ(*rows, 3);
  }
}

TEST_F(KeyExchanging, WithoutItTheyDoNot) {
  first->settings.key_exchange = second->settings.key_exchange = KeyExchange::none;
  append(*first);
  EXPECT_EQ(read(*second).error().code, Errc::not_found);
}

TEST_F(KeyExchanging, AMonthDestroyedOnOneNodeIsDestroyedOnTheOther) {
  append(*first);
  append(*second);
  const std::string month = history::month_of(record::day_of(world.clock.now()));
  world.clock.advance(std::chrono::hours(24 * 40));
  ASSERT_TRUE(shred_month({*first, Actor()}, world.tenant.id, month));
  EXPECT_TRUE(first->keys.months_of(world.tenant.id)->empty());
  EXPECT_EQ(second->keys.months_of(world.tenant.id)->size(), 1u);
  ASSERT_TRUE(destroy_what_others_destroyed(*second));
  EXPECT_TRUE(second->keys.months_of(world.tenant.id)->empty());
  ASSERT_TRUE(destroy_what_others_destroyed(*second));
  EXPECT_EQ(agree_on_key(*second, world.tenant.id, month).error().code, Errc::refused);
}

TEST_F(KeyExchanging, TheLedgerHasOneKey) {
  ASSERT_NE(*first->keys.ledger_key(), *second->keys.ledger_key());
  ASSERT_TRUE(agree_on_key(*first, TenantId(), "ledger"));
  ASSERT_TRUE(agree_on_key(*second, TenantId(), "ledger"));
  EXPECT_EQ(*first->keys.ledger_key(), *second->keys.ledger_key());
  EXPECT_EQ(log_name(*first)->origin, log_name(*second)->origin);
}

TEST_F(KeyExchanging, ASharedKeyOfAnotherNameOrTenantIsRefused) {
  const Bytes shared = *first->keys.share_key(world.tenant.id, "2024-01");
  EXPECT_EQ(second->keys.adopt_key(world.tenant.id, "2024-02", shared).error().code, Errc::refused);
  EXPECT_EQ(second->keys.adopt_key(TenantId::make(world.random), "2024-01", shared).error().code, Errc::refused);
  EXPECT_EQ(second->keys.share_key(world.tenant.id, "2024-1").error().code, Errc::not_found);
  EXPECT_TRUE(second->keys.adopt_key(world.tenant.id, "2024-01", shared));
}

}  // namespace
}  // namespace countersign::flow
