// What epochs, the rows of history in them, and the keys that open them promise, over every engine.
#include "store/epochs.h"

#include <latch>

#include "core/history/epoch.h"
#include "store/engines_test.h"

namespace countersign::store {
namespace {

const TenantId kTenant = TenantId::trusted("DATENANT");
const TenantId kOther = TenantId::trusted("DAOTHER");
constexpr std::int64_t kDay = 20'000;

class Epochs : public Contract {
 protected:
  std::shared_ptr<OpenEpoch> open_epoch(std::uint8_t id, const TenantId& tenant = kTenant, std::int64_t day = kDay) {
    auto out = std::make_shared<OpenEpoch>();
    out->tenant = tenant;
    out->day = day;
    out->id.fill(id);
    out->writer = "n1";
    out->header = {'M', 0, id};
    return out;
  }
  // A row as core/history seals it: the epoch's id comes first.
  HistoryRow row(std::shared_ptr<OpenEpoch> epoch, Stream stream = Stream::authentication) {
    HistoryRow out{.tenant = epoch->tenant, .stream = stream, .day = epoch->day, .id = EventId::make(random_),
                   .sealed = Bytes(epoch->id.begin(), epoch->id.end())};
    out.sealed.insert(out.sealed.end(), {7, 0, 7});
    out.epoch = std::move(epoch);
    return out;
  }
  std::optional<Errc> append(const std::vector<HistoryRow>& rows) {
    return write([&](Txn& txn) -> Result<void> {
      for (const HistoryRow& one : rows) TRY(append_history(txn, one));
      return {};
    });
  }
  std::vector<StoredEpoch> epochs(const TenantId& tenant, std::int64_t first_day, std::int64_t last_day) {
    return get([&](Txn& txn) { return epochs_of(txn, tenant, first_day, last_day); });
  }
  std::vector<HistoryRow> of_epoch(const TenantId& tenant, const EpochQuery& query) {
    std::vector<HistoryRow> out;
    EXPECT_EQ(get([&](Txn& txn) {
      return history_of_epoch(txn, tenant, query, [&](const HistoryRow& one) { out.push_back(one); });
    }), static_cast<std::int64_t>(out.size()));
    return out;
  }
  std::vector<EventId> tagged(const TenantId& tenant, const TagQuery& query) {
    std::vector<EventId> out;
    EXPECT_EQ(get([&](Txn& txn) {
      return history_by_tag(txn, tenant, query, [&](const HistoryRow& one) { out.push_back(one.id); });
    }), static_cast<std::int64_t>(out.size()));
    return out;
  }
  std::int64_t count(const TenantId& tenant, Stream stream = Stream::authentication) {
    return get([&](Txn& txn) { return count_history(txn, tenant, stream); });
  }
};

INSTANTIATE_TEST_SUITE_P(Store, Epochs, ::testing::Values(Kind::memory, Kind::sqlite, Kind::postgres),
                         [](const auto& info) { return name_of(info.param); });

TEST_P(Epochs, ItsHeaderCommitsWithItsFirstRow) {
  const auto epoch = open_epoch(1);
  const HistoryRow first = row(epoch);
  EXPECT_EQ(write([&](Txn& txn) -> Result<void> {
    TRY(append_history(txn, first));
    return Error{Errc::refused, "changed its mind"};
  }), Errc::refused);
  EXPECT_FALSE(epoch->stored);
  EXPECT_EQ(epoch->acknowledged, 0u);
  EXPECT_TRUE(epochs(kTenant, kDay, kDay).empty());

  ASSERT_EQ(append({first, row(epoch)}), std::nullopt);
  EXPECT_TRUE(epoch->stored);
  EXPECT_EQ(epoch->acknowledged, 2u);
  const auto stored = epochs(kTenant, kDay, kDay);
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].tenant, kTenant);
  EXPECT_EQ(stored[0].day, kDay);
  EXPECT_EQ(stored[0].id, epoch->id);
  EXPECT_EQ(stored[0].writer, "n1");
  EXPECT_EQ(stored[0].header, epoch->header);
  EXPECT_FALSE(stored[0].rows);
  EXPECT_TRUE(stored[0].trailer.empty());

  ASSERT_EQ(append({row(epoch)}), std::nullopt);
  EXPECT_EQ(epoch->acknowledged, 3u);
  EXPECT_EQ(epochs(kTenant, kDay, kDay).size(), 1u);
}

TEST_P(Epochs, ARowWithoutEpochIsWrittenAsBefore) {
  ASSERT_EQ(append({event(kTenant, kDay)}), std::nullopt);
  EXPECT_TRUE(epochs(kTenant, kDay, kDay).empty());
  EXPECT_EQ(count(kTenant), 1);
}

TEST_P(Epochs, ManyFlowsMayWriteItsFirstRowsAtOnce) {
  constexpr int kFlows = 100;
  const auto epoch = open_epoch(1);
  std::latch answered(kFlows);
  std::atomic<int> well{0};
  for (int i = 0; i < kFlows; ++i) {
    store_->write([one = row(epoch)](Txn& txn) { return append_history(txn, one); }, [&](Result<void> done) {
      if (done) ++well;
      answered.count_down();
    });
  }
  answered.wait();
  EXPECT_EQ(well, kFlows);
  EXPECT_EQ(epoch->acknowledged, static_cast<std::uint64_t>(kFlows));
  EXPECT_EQ(epochs(kTenant, kDay, kDay).size(), 1u);
  EXPECT_EQ(count(kTenant), kFlows);
}

TEST_P(Epochs, AreListedByDayForTheirTenantAlone) {
  ASSERT_EQ(append({row(open_epoch(3, kTenant, kDay + 1)), row(open_epoch(9, kTenant, kDay)),
                    row(open_epoch(5, kTenant, kDay + 2)), row(open_epoch(9, kOther, kDay))}), std::nullopt);
  const auto found = epochs(kTenant, kDay, kDay + 1);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].day, kDay);
  EXPECT_EQ(found[1].day, kDay + 1);
  EXPECT_EQ(epochs(kOther, 0, kDay + 9).size(), 1u);
  const auto by_id = [&](const TenantId& tenant, std::int64_t day) {
    return get([&](Txn& txn) { return epoch_by_id(txn, tenant, day, found[1].id); });
  };
  ASSERT_TRUE(by_id(kTenant, kDay + 1));
  EXPECT_EQ(by_id(kTenant, kDay + 1)->header, found[1].header);
  EXPECT_FALSE(by_id(kTenant, kDay));
  EXPECT_FALSE(by_id(kOther, kDay + 1));
}

TEST_P(Epochs, AreClosedOnce) {
  ASSERT_EQ(append({row(open_epoch(1))}), std::nullopt);
  StoredEpoch mine = epochs(kTenant, kDay, kDay).front();
  const auto close = [&](const StoredEpoch& one) {
    return put([&](Txn& txn) { return close_epoch(txn, one); });
  };
  EXPECT_EQ(write([&](Txn& txn) -> Result<void> {
    TRY(close_epoch(txn, mine));
    return {};
  }), Errc::malformed);
  EXPECT_EQ(mine.canaries, 0u);
  mine.rows = 1;
  mine.trailer = {'T', 0};
  mine.canaries = 1;
  StoredEpoch foreign = mine;
  foreign.tenant = kOther;
  EXPECT_FALSE(close(foreign));
  EXPECT_TRUE(close(mine));
  StoredEpoch again = mine;
  again.rows = 2;
  again.trailer = {'X'};
  EXPECT_FALSE(close(again));
  const StoredEpoch stored = epochs(kTenant, kDay, kDay).front();
  EXPECT_EQ(stored.rows, 1u);
  EXPECT_EQ(stored.trailer, mine.trailer);
  EXPECT_EQ(stored.canaries, 1u);
}

TEST_P(Epochs, ACompanionIsWrittenWithItsRowOrNotAtAll) {
  HistoryRow first = row(open_epoch(1));
  first.companion = std::make_shared<const HistoryRow>(row(open_epoch(1)));
  EXPECT_EQ(write([&](Txn& txn) -> Result<void> {
    TRY(append_history(txn, first));
    return Error{Errc::refused, "changed its mind"};
  }), Errc::refused);
  EXPECT_EQ(count(kTenant), 0);
  ASSERT_EQ(append({first}), std::nullopt);
  EXPECT_EQ(count(kTenant), 2);
}

TEST_P(Epochs, UnclosedOnesOfEarlierDaysAreFound) {
  ASSERT_EQ(append({row(open_epoch(1, kTenant, kDay)), row(open_epoch(2, kOther, kDay - 1)),
                    row(open_epoch(3, kTenant, kDay - 2)), row(open_epoch(4, kTenant, kDay - 3))}), std::nullopt);
  StoredEpoch closed = epochs(kTenant, kDay - 3, kDay - 3).front();
  closed.rows = 1;
  closed.trailer = {1};
  EXPECT_TRUE(put([&](Txn& txn) { return close_epoch(txn, closed); }));
  const auto unclosed = [&](int limit) { return get([&](Txn& txn) { return unclosed_epochs(txn, kDay, limit); }); };
  ASSERT_EQ(unclosed(10).size(), 2u);
  EXPECT_EQ(unclosed(10)[0].day, kDay - 2);
  EXPECT_EQ(unclosed(10)[1].tenant, kOther);
  EXPECT_EQ(unclosed(1).size(), 1u);
}

TEST_P(Epochs, AreDeletedAFewAtATime) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(append({row(open_epoch(static_cast<std::uint8_t>(i), kTenant, kDay + i))}), std::nullopt);
  }
  ASSERT_EQ(append({row(open_epoch(1, kOther, kDay))}), std::nullopt);
  const auto clear = [&] {
    return put([](Txn& txn) { return delete_epochs(txn, kTenant, {kDay, kDay + 3}, 3); });
  };
  EXPECT_EQ(clear(), 3);
  EXPECT_EQ(epochs(kTenant, 0, kDay + 9).front().day, kDay + 3) << "the oldest go first";
  EXPECT_EQ(clear(), 1);
  EXPECT_EQ(clear(), 0);
  EXPECT_EQ(epochs(kTenant, 0, kDay + 9).size(), 1u);
  EXPECT_EQ(epochs(kOther, 0, kDay + 9).size(), 1u);
}

TEST_P(Epochs, RowsComeBackWithTheirTags) {
  HistoryRow both = row(open_epoch(1));
  both.user_tag = 0;
  both.number_tag = 65'535;
  ASSERT_EQ(append({both, row(open_epoch(1))}), std::nullopt);
  std::vector<HistoryRow> rows;
  get([&](Txn& txn) {
    return history_page(txn, kTenant, Stream::authentication, kDay, kDay, 0, 10,
                        [&](const HistoryRow& one) { rows.push_back(one); });
  });
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].user_tag, 0);
  EXPECT_EQ(rows[0].number_tag, 65'535);
  EXPECT_FALSE(rows[1].user_tag);
  EXPECT_FALSE(rows[1].number_tag);
}

TEST_P(Epochs, RowsAreFoundByTheirTags) {
  const auto epoch = open_epoch(1);
  std::vector<HistoryRow> rows;
  for (int i = 0; i < 12; ++i) {
    rows.push_back(row(epoch, i % 4 == 3 ? Stream::telephony : Stream::authentication));
    rows.back().user_tag = i % 3;
    rows.back().number_tag = 7;
  }
  rows.push_back(row(open_epoch(2, kOther)));
  rows.back().user_tag = 1;
  rows.push_back(row(open_epoch(3, kTenant, kDay + 1)));
  rows.back().user_tag = 1;
  rows.push_back(row(epoch));  // without any
  ASSERT_EQ(append(rows), std::nullopt);
  TagQuery query{.before = {kDay, 1'000'000}, .tag = 1, .limit = 10};
  EXPECT_EQ(tagged(kTenant, query), (std::vector<EventId>{rows[10].id, rows[4].id, rows[1].id})) << "newest first";
  query.limit = 2;
  EXPECT_EQ(tagged(kTenant, query).size(), 2u);
  query.stream = Stream::telephony;
  EXPECT_EQ(tagged(kTenant, query), std::vector<EventId>{rows[7].id});
  query.field = history::IndexedField::number;
  EXPECT_TRUE(tagged(kTenant, query).empty());
  query.tag = 7;
  query.limit = 10;
  EXPECT_EQ(tagged(kTenant, query).size(), 3u);
  EXPECT_TRUE(tagged(kOther, query).empty());
  query.limit = 0;
  EXPECT_TRUE(tagged(kTenant, query).empty());
}

TEST_P(Epochs, ATagSearchGoesOnFromAPosition) {
  const auto epoch = open_epoch(1);
  std::vector<HistoryRow> rows(7, row(epoch));
  for (HistoryRow& one : rows) {
    one.id = EventId::make(random_);
    one.user_tag = 5;
  }
  ASSERT_EQ(append(rows), std::nullopt);
  TagQuery query{.before = {kDay, 1'000'000}, .tag = 5, .limit = 3};
  std::vector<EventId> seen;
  while (get([&](Txn& txn) {
    return history_by_tag(txn, kTenant, query, [&](const HistoryRow& one) {
      seen.push_back(one.id);
      query.before.position = one.position;
    });
  }) > 0) {
  }
  ASSERT_EQ(seen.size(), 7u);
  EXPECT_EQ(seen.front(), rows.back().id);
  EXPECT_EQ(seen.back(), rows.front().id);
}

TEST_P(Epochs, RowsOfOneAreReadPageByPageOverAllStreams) {
  const auto mine = open_epoch(1);
  const auto another = open_epoch(2);
  std::vector<HistoryRow> rows;
  std::vector<EventId> expected;
  for (int i = 0; i < 20; ++i) {
    const Stream stream = i % 3 == 0 ? Stream::activity : i % 3 == 1 ? Stream::telephony : Stream::authentication;
    rows.push_back(row(i % 5 == 0 ? another : mine, stream));
    if (i % 5 != 0) expected.push_back(rows.back().id);
  }
  rows.push_back(row(open_epoch(1, kOther)));
  ASSERT_EQ(append(rows), std::nullopt);
  EpochQuery query{.day = kDay, .epoch = mine->id, .position = 0, .limit = 3};
  std::vector<EventId> seen;
  for (;;) {
    const auto page = of_epoch(kTenant, query);
    if (page.empty()) break;
    EXPECT_LE(page.size(), 3u);
    for (const HistoryRow& one : page) seen.push_back(one.id);
    query.position = page.back().position;
  }
  EXPECT_EQ(seen, expected);
  query.position = 0;
  EXPECT_EQ(of_epoch(kOther, query).size(), 1u);
  query.day = kDay + 1;
  EXPECT_TRUE(of_epoch(kTenant, query).empty());
}

TEST_P(Epochs, HoldAsManyRowsAsAnEpochMayHave) {
  const auto epoch = open_epoch(1);
  constexpr std::uint64_t kAtOnce = 1024;
  constexpr std::uint64_t kFlows = 8;
  const HistoryRow one = row(epoch);
  for (std::uint64_t written = 0; written < history::kEpochRowsMax; written += kFlows * kAtOnce) {
    std::latch answered(kFlows);
    for (std::uint64_t i = 0; i < kFlows; ++i) {
      store_->write([&one](Txn& txn) -> Result<void> {
        for (std::uint64_t n = 0; n < kAtOnce; ++n) TRY(append_history(txn, one));
        return {};
      }, [&](Result<void>) { answered.count_down(); });
    }
    answered.wait();
  }
  EXPECT_EQ(epoch->acknowledged, history::kEpochRowsMax);
  EpochQuery query{.day = kDay, .epoch = epoch->id, .position = 0, .limit = 10'000};
  std::uint64_t seen = 0;
  for (auto page = of_epoch(kTenant, query); !page.empty(); page = of_epoch(kTenant, query)) {
    seen += page.size();
    query.position = page.back().position;
  }
  EXPECT_EQ(seen, history::kEpochRowsMax);
}

TEST_P(Epochs, HistoryIsDeletedByDaysAFewRowsAtATime) {
  std::vector<HistoryRow> rows;
  for (int i = 0; i < 10; ++i) {
    rows.push_back(row(open_epoch(1, kTenant, kDay + i / 2), i % 2 == 0 ? Stream::activity : Stream::authentication));
  }
  rows.push_back(row(open_epoch(1, kOther, kDay)));
  ASSERT_EQ(append(rows), std::nullopt);
  const auto clear = [&](int limit) {
    return put([&](Txn& txn) { return delete_history(txn, kTenant, {kDay, kDay + 3}, limit); });
  };
  const auto of_days = [&](DayRange days) {
    return get([&](Txn& txn) { return count_history(txn, kTenant, days); });
  };
  EXPECT_EQ(of_days({kDay, kDay + 3}), 8);
  EXPECT_EQ(of_days({kDay + 4, kDay + 9}), 2);
  EXPECT_EQ(clear(0), 0);
  EXPECT_EQ(clear(5), 5);
  EXPECT_EQ(clear(5), 3);
  EXPECT_EQ(clear(5), 0);
  EXPECT_EQ(count(kTenant), 1);
  EXPECT_EQ(count(kTenant, Stream::activity), 1);
  EXPECT_EQ(count(kOther), 1);
}

TEST_P(Epochs, ATenantIsKeptByTheServiceUntilItSaysOtherwise) {
  const Tenant acme = tenant("Acme");
  ASSERT_EQ(write([&](Txn& txn) { return insert_tenant(txn, acme); }), std::nullopt);
  const auto kept = [&] { return get([&](Txn& txn) { return keeping_of(txn, acme.id); }); };
  EXPECT_EQ(kept().custody, Custody::service);
  EXPECT_FALSE(kept().retention_days);
  const Keeping own{.custody = Custody::tenant, .retention_days = 90};
  ASSERT_EQ(write([&](Txn& txn) { return set_keeping(txn, acme.id, own); }), std::nullopt);
  EXPECT_EQ(kept().custody, Custody::tenant);
  EXPECT_EQ(kept().retention_days, 90);
  EXPECT_EQ(write([&](Txn& txn) { return set_keeping(txn, kOther, own); }), Errc::not_found);
  const auto unknown = store::read(*store_, [](Txn& txn) { return keeping_of(txn, kOther); });
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::not_found);
}

TEST_P(Epochs, RecipientsComeBackUntilRetiredAndAfter) {
  const auto key = *crypto::X25519PublicKey::from_bytes(random_bytes(random_, crypto::kX25519KeySize));
  const RecipientKey mine{.tenant = kTenant, .id = {1, 0, 2}, .key = key, .kind = "siem", .name = "collector",
                          .created = kNow};
  const auto all = [&](const TenantId& tenant) { return get([&](Txn& txn) { return recipients_of(txn, tenant); }); };
  ASSERT_EQ(write([&](Txn& txn) { return insert_recipient(txn, mine); }), std::nullopt);
  EXPECT_EQ(write([&](Txn& txn) { return insert_recipient(txn, mine); }), Errc::conflict);
  ASSERT_EQ(all(kTenant).size(), 1u);
  EXPECT_EQ(all(kTenant)[0].id, mine.id);
  EXPECT_EQ(all(kTenant)[0].key, key);
  EXPECT_EQ(all(kTenant)[0].kind, "siem");
  EXPECT_EQ(all(kTenant)[0].name, "collector");
  EXPECT_EQ(all(kTenant)[0].created, kNow);
  EXPECT_FALSE(all(kTenant)[0].retired);
  EXPECT_TRUE(all(kOther).empty());
  const auto retire = [&](const TenantId& tenant, int second) {
    return put([&](Txn& txn) { return retire_recipient(txn, tenant, mine.id, kNow + seconds(second)); });
  };
  EXPECT_FALSE(retire(kOther, 1));
  EXPECT_TRUE(retire(kTenant, 1));
  EXPECT_FALSE(retire(kTenant, 2));
  EXPECT_EQ(all(kTenant)[0].retired, kNow + seconds(1));
}

TEST_P(Epochs, KeySlotsAreTheTenantsOwn) {
  const KeySlot slot{.tenant = kTenant, .id = "slot1", .recipient = {9, 0, 9}, .kind = "passkey", .name = "Ada's",
                     .credential = {1}, .salt = {2, 0}, .wrapped = {3, 0, 3}, .created = kNow};
  const auto all = [&](const TenantId& tenant) { return get([&](Txn& txn) { return key_slots_of(txn, tenant); }); };
  ASSERT_EQ(write([&](Txn& txn) { return insert_key_slot(txn, slot); }), std::nullopt);
  EXPECT_EQ(write([&](Txn& txn) { return insert_key_slot(txn, slot); }), Errc::conflict);
  ASSERT_EQ(all(kTenant).size(), 1u);
  const KeySlot found = all(kTenant)[0];
  EXPECT_EQ(found.id + found.kind + found.name, "slot1passkeyAda's");
  EXPECT_EQ(found.recipient, slot.recipient);
  EXPECT_EQ(found.credential, slot.credential);
  EXPECT_EQ(found.salt, slot.salt);
  EXPECT_EQ(found.wrapped, slot.wrapped);
  EXPECT_EQ(found.created, kNow);
  EXPECT_TRUE(all(kOther).empty());
  EXPECT_FALSE(put([&](Txn& txn) { return delete_key_slot(txn, kOther, "slot1"); }));
  EXPECT_TRUE(put([&](Txn& txn) { return delete_key_slot(txn, kTenant, "slot1"); }));
  EXPECT_TRUE(all(kTenant).empty());
}

}  // namespace
}  // namespace countersign::store
