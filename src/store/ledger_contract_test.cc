// What the ledger's tables promise, over every engine.
#include "store/ledger.h"

#include <atomic>
#include <latch>
#include <map>
#include <thread>

#include "store/engines_test.h"

namespace countersign::store {
namespace {

constexpr const char* kTree = "DATENANT";
constexpr const char* kOther = "DAOTHER";

class Ledger : public Contract {
 protected:
  LedgerEntry entry(std::string tree, std::uint64_t seq, std::string text) {
    const ledger::Hash leaf = ledger::leaf_hash(bytes_of(text));
    return {.tree = std::move(tree), .seq = seq, .leaf = leaf, .entry = std::move(text), .at = kNow};
  }
  struct Growth {
    ledger::Edge before, after;
    std::vector<LedgerEntry> entries;
    std::vector<CompletedNode> nodes;
  };
  Growth growth(const ledger::Edge& before, const std::string& tree, const std::vector<std::string>& texts) {
    Growth out{.before = before, .after = before, .entries = {}, .nodes = {}};
    for (const std::string& text : texts) {
      out.entries.push_back(entry(tree, out.after.size(), text));
      out.after.append(out.entries.back().leaf,
                       [&](const ledger::Node& node, const ledger::Hash& hash) { out.nodes.push_back({node, hash}); });
    }
    return out;
  }
  std::optional<Errc> append(const Growth& grown) {
    return write([&](Txn& txn) { return append_ledger(txn, grown.before, grown.after, grown.entries, grown.nodes); });
  }
  ledger::Edge edge(const std::string& tree) {
    return get([&](Txn& txn) { return ledger_edge(txn, tree); });
  }
  // Appends at the end, whatever that is.
  std::optional<Errc> grow(const std::string& tree, const std::vector<std::string>& texts) {
    return append(growth(edge(tree), tree, texts));
  }
  std::vector<LedgerEntry> entries(const std::string& tree, std::uint64_t first, int limit) {
    std::vector<LedgerEntry> out;
    EXPECT_EQ(get([&](Txn& txn) {
      return ledger_entries(txn, tree, first, limit, [&](const LedgerEntry& one) { out.push_back(one); });
    }), static_cast<std::int64_t>(out.size()));
    return out;
  }
  // Stores entries as they are, one tree after the other.
  void store_entries(std::vector<LedgerEntry> some) {
    for (LedgerEntry& one : some) {
      Growth grown = growth(edge(one.tree), one.tree, {one.entry});
      one.seq = grown.before.size();
      one.leaf = grown.entries.front().leaf;
      grown.entries = {one};
      ASSERT_EQ(append(grown), std::nullopt);
    }
  }
  std::vector<std::string> found(const EntryQuery& query) {
    std::vector<std::string> out;
    EXPECT_EQ(get([&](Txn& txn) {
      return find_entries(txn, query, [&](const LedgerEntry& one) { out.push_back(one.entry); });
    }), std::nullopt) << "there is no limit, and no more";
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(Store, Ledger, ::testing::Values(Kind::memory, Kind::sqlite, Kind::postgres),
                         [](const auto& info) { return name_of(info.param); });

using Texts = std::vector<std::string>;

TEST_P(Ledger, ATreeThatDoesNotExistIsEmpty) {
  EXPECT_EQ(edge(kTree).size(), 0u);
  EXPECT_TRUE(entries(kTree, 0, 10).empty());
  const auto node = store::read(*store_, [](Txn& txn) { return ledger_node(txn, kTree, {}); });
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error().code, Errc::not_found);
}

TEST_P(Ledger, GivesEntriesAndEdgeBackAsAppended) {
  Growth grown = growth({}, kTree, {"a", "b", "c"});
  grown.entries[1] = {.tree = kTree, .seq = 1, .leaf = grown.entries[1].leaf, .entry = "b", .at = kNow + seconds(1),
                      .actor = "uid-1000", .credential = "DICREDENTIAL", .session = "s_5b", .ip = "198.51.100.7"};
  ASSERT_EQ(append(grown), std::nullopt);
  EXPECT_EQ(edge(kTree).size(), 3u);
  EXPECT_EQ(edge(kTree).root(), grown.after.root());
  const auto all = entries(kTree, 1, 10);
  ASSERT_EQ(all.size(), 2u);
  const LedgerEntry& one = all.front();
  EXPECT_EQ(one.tree, kTree);
  EXPECT_EQ(one.seq, 1u);
  EXPECT_EQ(one.leaf, grown.entries[1].leaf);
  EXPECT_EQ(one.entry, "b");
  EXPECT_EQ(one.at, kNow + seconds(1));
  EXPECT_EQ(all.back().entry, "c");
  EXPECT_EQ(entries(kTree, 0, 2).back().entry, "b");
  EXPECT_TRUE(entries(kOther, 0, 10).empty());
  EXPECT_EQ(edge(kOther).size(), 0u);
}

TEST_P(Ledger, RefusesToGrowFromAnEdgeThatIsPast) {
  const Growth first = growth({}, kTree, {"a"});
  const Growth rival = growth({}, kTree, {"b", "c"});
  ASSERT_EQ(append(first), std::nullopt);
  EXPECT_EQ(append(rival), Errc::conflict);
  EXPECT_EQ(append(growth(rival.after, kTree, {"d"})), Errc::conflict);
  ASSERT_EQ(append(growth(first.after, kTree, {"b"})), std::nullopt);
  EXPECT_EQ(append(growth(first.after, kTree, {"x"})), Errc::conflict);
  EXPECT_EQ(edge(kTree).size(), 2u);
  EXPECT_EQ(entries(kTree, 0, 10).size(), 2u);
}

TEST_P(Ledger, RefusesEntriesThatDoNotLeadFromEdgeToEdge) {
  const Growth fine = growth({}, kTree, {"a", "b"});
  Growth wrong = fine;
  wrong.entries.clear();
  EXPECT_EQ(append(wrong), Errc::malformed);
  wrong = fine;
  wrong.entries.pop_back();
  EXPECT_EQ(append(wrong), Errc::malformed);
  wrong = fine;
  wrong.entries[1].seq = 2;
  EXPECT_EQ(append(wrong), Errc::malformed);
  wrong = fine;
  wrong.entries[1].tree = kOther;
  EXPECT_EQ(append(wrong), Errc::malformed);
  EXPECT_EQ(edge(kTree).size(), 0u);
}

// 600 leaves, in batches of 1, 2, 3, … entries: each node of each level, while the tree grows and at its end.
TEST_P(Ledger, KnowsTheNodesThatTheTreeItselfHas) {
  constexpr std::uint64_t kSize = 600;
  std::map<std::pair<int, std::uint64_t>, ledger::Hash> expected;
  std::vector<ledger::Hash> roots;
  ledger::Edge whole;
  Texts texts;
  for (std::uint64_t i = 0; i < kSize; ++i) {
    texts.push_back("entry " + std::to_string(i));
    const ledger::Hash leaf = ledger::leaf_hash(bytes_of(texts.back()));
    expected[{0, i}] = leaf;
    whole.append(leaf, [&](const ledger::Node& node, const ledger::Hash& hash) {
      expected[{node.level, node.index}] = hash;
    });
    roots.push_back(whole.root());
  }
  const auto check_edge_of = [&](std::uint64_t size) {
    get([&](Txn& txn) -> Result<int> {
      for (int level = 0; level <= 9; ++level) {
        const std::uint64_t complete = size >> level;
        if (complete > 0) {
          const ledger::Hash hash = TRY(ledger_node(txn, kTree, {level, complete - 1}));
          EXPECT_EQ(hash, (expected[{level, complete - 1}])) << size << " " << level;
        }
        const auto missing = ledger_node(txn, kTree, {level, complete});
        EXPECT_FALSE(missing) << size << " " << level;
        if (!missing) EXPECT_EQ(missing.error().code, Errc::not_found);
      }
      return 0;
    });
  };
  for (std::uint64_t size = 0, step = 1; size < kSize; ++step) {
    const std::uint64_t next = std::min(kSize, size + step);
    const Texts more(texts.begin() + static_cast<std::ptrdiff_t>(size),
                     texts.begin() + static_cast<std::ptrdiff_t>(next));
    ASSERT_EQ(grow(kTree, more), std::nullopt);
    size = next;
    EXPECT_EQ(edge(kTree).root(), roots[size - 1]);
    check_edge_of(size);
  }
  get([&](Txn& txn) -> Result<int> {
    for (const auto& [place, hash] : expected) {
      EXPECT_EQ(TRY(ledger_node(txn, kTree, {place.first, place.second})), hash) << place.first;
    }
    const ledger::Nodes nodes = [&](const ledger::Node& node) { return ledger_node(txn, kTree, node); };
    for (std::uint64_t size = 1; size <= kSize; size += 7) {
      EXPECT_EQ(TRY(ledger::root_of(size, nodes)), roots[size - 1]) << size;
    }
    return 0;
  });
}

TEST_P(Ledger, RefusesWhatIsNoNode) {
  for (const ledger::Node& node : {ledger::Node{-1, 0}, ledger::Node{64, 0}, ledger::Node{8, ~std::uint64_t{0} >> 2}}) {
    const auto found = store::read(*store_, [&](Txn& txn) { return ledger_node(txn, kTree, node); });
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::malformed) << node.level;
  }
}

TEST_P(Ledger, NeverForksUnderParallelAppends) {
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  std::atomic<int> conflicts{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach;) {
          const std::string text = std::to_string(t) + "/" + std::to_string(i);
          const auto done = grow(kTree, {text, text + " again"});
          if (done && *done != Errc::conflict) return;  // the count below is short then
          if (done) {
            ++conflicts;
          } else {
            ++i;
          }
        }
      });
    }
  }
  const auto all = entries(kTree, 0, 10'000);
  ASSERT_EQ(all.size(), 2u * kThreads * kEach);
  ledger::Edge again;
  for (const LedgerEntry& one : all) {
    EXPECT_EQ(one.seq, again.size());
    EXPECT_EQ(one.leaf, ledger::leaf_hash(bytes_of(one.entry)));
    again.append(one.leaf);
  }
  EXPECT_EQ(edge(kTree).root(), again.root());
  const auto root = get([&](Txn& txn) {
    return ledger::root_of(all.size(), [&](const ledger::Node& node) { return ledger_node(txn, kTree, node); });
  });
  EXPECT_EQ(root, again.root());
  RecordProperty("conflicts", conflicts);
}

TEST_P(Ledger, WhoeverTakesItsTurnMeetsNoConflict) {
  constexpr int kFlows = 200;
  ASSERT_EQ(grow(kTree, {"the first"}), std::nullopt);
  std::latch answered(kFlows);
  std::atomic<int> well{0};
  for (int i = 0; i < kFlows; ++i) {
    store_->write([&, text = std::to_string(i)](Txn& txn) -> Result<void> {
      const Growth grown = growth(TRY(ledger_edge_to_grow(txn, kTree)), kTree, {text});
      return append_ledger(txn, grown.before, grown.after, grown.entries, grown.nodes);
    }, [&](Result<void> done) {
      if (done) ++well;
      answered.count_down();
    });
  }
  answered.wait();
  EXPECT_EQ(well, kFlows);
  EXPECT_EQ(edge(kTree).size(), 1u + kFlows);
}

TEST_P(Ledger, NamesTheTreesThatGrewSinceTheirCheckpoint) {
  const auto grown = [&] { return get([](Txn& txn) { return grown_trees(txn, 10); }); };
  EXPECT_TRUE(grown().empty());
  ASSERT_EQ(grow("", {"the global one"}), std::nullopt);
  ASSERT_EQ(grow(kTree, {"a", "b"}), std::nullopt);
  ASSERT_EQ(grow(kOther, {"a"}), std::nullopt);
  ASSERT_EQ(grown().size(), 2u);
  EXPECT_EQ(grown()[1].tree, kTree);
  EXPECT_EQ(grown()[1].head, (ledger::Head{2, edge(kTree).root()}));
  EXPECT_EQ(get([](Txn& txn) { return grown_trees(txn, 1); }).size(), 1u);
  EXPECT_TRUE(put([](Txn& txn) { return put_checkpoint(txn, {.tree = kTree, .size = 2, .note = "n", .at = kNow}); }));
  ASSERT_EQ(grown().size(), 1u);
  EXPECT_EQ(grown()[0].tree, kOther);
  ASSERT_EQ(grow(kTree, {"c"}), std::nullopt);
  EXPECT_EQ(grown().size(), 2u);
  // One of a tree as it was before it grew.
  EXPECT_TRUE(put([](Txn& txn) { return put_checkpoint(txn, {.tree = kTree, .size = 2, .note = "n", .at = kNow}); }));
  EXPECT_EQ(grown().size(), 2u);
}

TEST_P(Ledger, KeepsTheNewestCheckpoint) {
  const auto put_one = [&](std::uint64_t size, std::string note) {
    return put([&](Txn& txn) {
      return put_checkpoint(txn, {.tree = kTree, .size = size, .note = note, .at = kNow, .global_seq = 7 * size});
    });
  };
  const auto newest = [&](const char* tree) { return get([&](Txn& txn) { return checkpoint_of(txn, tree); }); };
  EXPECT_FALSE(newest(kTree));
  EXPECT_TRUE(put_one(5, "five"));
  EXPECT_FALSE(put_one(4, "four"));
  EXPECT_EQ(newest(kTree)->note, "five");
  EXPECT_TRUE(put_one(5, "five, cosigned"));
  EXPECT_TRUE(put_one(6, "six"));
  ASSERT_TRUE(newest(kTree));
  EXPECT_EQ(newest(kTree)->note, "six");
  EXPECT_EQ(newest(kTree)->size, 6u);
  EXPECT_EQ(newest(kTree)->at, kNow);
  EXPECT_EQ(newest(kTree)->global_seq, 42u);
  EXPECT_FALSE(newest(kOther));
}

TEST_P(Ledger, FindsEntriesOfAllTreesByEachPropertyInOrderOfTime) {
  const auto at = [&](std::string tree, int second, std::string text) {
    LedgerEntry out = entry(std::move(tree), 0, std::move(text));
    out.at = kNow + seconds(second);
    out.credential = "c_77";
    out.session = "s_1";
    out.ip = "198.51.100.7";
    out.actor = "a_19";
    return out;
  };
  LedgerEntry foreign = at(kTree, 2, "another's");
  foreign.credential = foreign.session = foreign.ip = foreign.actor = "x";
  store_entries({at(kTree, 3, "third"), at(kOther, 1, "first"), foreign, at(kOther, 2, "second"),
                 at(kTree, 3, "fourth"), entry(kTree, 0, "nobody's"), at(kTree, 4, "too late"),
                 at(kTree, 0, "too early")});
  for (const auto& [by, value] : {std::pair(FoundBy::credential, "c_77"), std::pair(FoundBy::session, "s_1"),
                                  std::pair(FoundBy::ip, "198.51.100.7"), std::pair(FoundBy::actor, "a_19")}) {
    EntryQuery query{.by = by, .value = value, .from = kNow + seconds(1), .to = kNow + seconds(4)};
    EXPECT_EQ(found(query), (Texts{"first", "second", "third", "fourth"})) << value;
    query.value = "somebody";
    EXPECT_TRUE(found(query).empty());
    query.value = "";
    EXPECT_TRUE(found(query).empty()) << "what has no such property is not found by it";
  }
}

TEST_P(Ledger, FindsEntriesPageByPage) {
  std::vector<LedgerEntry> some;
  for (int i = 0; i < 9; ++i) {
    some.push_back(entry(i % 2 == 0 ? kTree : kOther, 0, std::to_string(i)));
    some.back().credential = "c_77";
    some.back().session = i % 4 == 0 ? "s_1" : "s_2";
    some.back().at = kNow + seconds(i / 3);
  }
  store_entries(some);
  const EntryQuery all{.by = FoundBy::credential, .value = "c_77", .from = kNow, .to = kNow + seconds(60)};
  const Texts expected = found(all);
  EXPECT_EQ(expected.size(), 9u);
  Texts paged;
  EntryQuery page = all;
  page.limit = 2;
  for (;;) {
    page.after = get([&](Txn& txn) {
      return find_entries(txn, page, [&](const LedgerEntry& one) { paged.push_back(one.entry); });
    });
    if (!page.after) break;
  }
  EXPECT_EQ(paged, expected);
}

// More than the engine is asked for at once.
TEST_P(Ledger, FindsManyEntries) {
  constexpr std::size_t kMany = 9000;
  for (std::size_t from = 0; from < kMany; from += 1000) {
    Growth grown = growth(edge(kTree), kTree, Texts(1000, "one of many"));
    for (LedgerEntry& one : grown.entries) one.ip = "198.51.100.7";
    ASSERT_EQ(append(grown), std::nullopt);
  }
  std::uint64_t next = 0;
  const EntryQuery query{.by = FoundBy::ip, .value = "198.51.100.7", .from = kNow, .to = kNow + seconds(1)};
  EXPECT_EQ(get([&](Txn& txn) {
    return find_entries(txn, query, [&](const LedgerEntry& one) { EXPECT_EQ(one.seq, next++); });
  }), std::nullopt);
  EXPECT_EQ(next, kMany);
}

TEST_P(Ledger, RecordsAndFindsTextsOfAnyLength) {
  LedgerEntry huge = entry(kTree, 0, "a user name of 60,000 bytes was tried");
  huge.actor = std::string(255, 'a') + std::string(30'000, '\xc3') ;
  for (std::size_t i = 256; i < huge.actor.size(); i += 2) huge.actor[i] = '\xa9';
  huge.actor.resize(255 + 2 * 10'000);
  store_entries({huge});
  EXPECT_EQ(found({.by = FoundBy::actor, .value = huge.actor, .from = kNow, .to = kNow + seconds(1)}).size(), 1u);
}

}  // namespace
}  // namespace countersign::store
