#include "keys/wire.h"

#include <gtest/gtest.h>

#include "keys/questions.h"
#include "keys/values.h"
#include "testing/keyd.h"
#include "testing/manual_clock.h"

namespace countersign::keys {
namespace {

template <class T>
Bytes written(const T& value) {
  Writer w;
  put(w, value);
  return Bytes(w.view().begin(), w.view().end());
}

// Reads what was written again, and each beginning of it not at all.
template <class T>
void crosses(const T& value) {
  const Bytes bytes = written(value);
  T out{};
  Reader r(bytes);
  get(r, out);
  EXPECT_TRUE(r.whole());
  EXPECT_EQ(written(out), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    T cut{};
    Reader partly(ByteView(bytes).first(size));
    get(partly, cut);
    EXPECT_FALSE(partly.whole()) << size;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  T more{};
  Reader further(longer);
  get(further, more);
  EXPECT_FALSE(further.whole());
}

history::EpochHeader header() {
  testing::SeededRandom random;
  history::EpochHeader out;
  out.tenant = TenantId::trusted("DA1");
  out.day = 20'779;
  out.writer = "node-1";
  const auto recipient = crypto::X25519Key::generate(random).public_key();
  const Secret key(std::string(32, 'k'));
  EXPECT_TRUE(history::wrap(out, key, {recipient}, Bytes(32, 1), random));
  return out;
}

TEST(Wire, EveryValueCrosses) {
  crosses(std::uint8_t{200});
  crosses(std::int64_t{-1});
  crosses(-3);
  crosses(true);
  crosses(crypto::HashKind::sha512);
  crosses(std::string("text"));
  crosses(Bytes{1, 2, 3});
  crosses(TenantId::trusted("DA1"));
  crosses(TenantId());
  crosses(from_unix_ms(-5));
  crosses(std::optional<Instant>());
  crosses(std::optional(from_unix_ms(7)));
  crosses(std::vector<std::string>{"a", "", "c"});
  crosses(header());
  factor::webauthn::Credential credential;
  credential.id = {1, 2};
  credential.aaguid = {1, 2, 3};
  credential.transports = {"usb", "nfc"};
  credential.trust = factor::webauthn::Trust::chain;
  crosses(credential);
  crosses(EpochOrder{TenantId::trusted("DA1"), 5, "w", 8, {crypto::X25519PublicKey()}});
  crosses(RootList{"file", {{"01020304", std::nullopt, RootUse::seals}, {"05", from_unix_ms(1), RootUse::waits}}});
}

template <class T>
bool reads(const Bytes& bytes) {
  T out{};
  Reader r(bytes);
  get(r, out);
  return r.whole();
}

TEST(Wire, ValuesOutsideTheirRangeAreNotRead) {
  EXPECT_FALSE(reads<bool>({2}));
  EXPECT_FALSE(reads<crypto::HashKind>({3, 0, 0, 0}));
  EXPECT_FALSE(reads<RootUse>({3, 0, 0, 0}));
  EXPECT_FALSE(reads<TenantId>({1, 0, 0, 0, '/'}));
  EXPECT_FALSE(reads<std::string>({255, 255, 255, 255, 'x'}));
  EXPECT_FALSE(reads<crypto::X25519PublicKey>({1, 0, 0, 0, 'x'}));
  EXPECT_FALSE(reads<history::EpochHeader>({1, 0, 0, 0, 'x'}));
}

TEST(Wire, AListIsNoLongerThanItsBytes) {
  EXPECT_FALSE(reads<std::vector<std::string>>({255, 255, 2, 0, 0, 0, 0, 0}));
  Bytes many(4 + kItemsMax + 1);
  many[0] = 0x41, many[1] = 0x0d, many[2] = 0x03;  // 200,001
  EXPECT_FALSE(reads<std::vector<std::string>>(many));
}

TEST(Wire, AnswersCrossWithTheirErrors) {
  Writer w;
  put_answer(w, Result<std::string>(Error{Errc::conflict, "why"}));
  const auto error = get_answer<std::string>(w.view());
  EXPECT_EQ(error.error().code, Errc::conflict);
  EXPECT_EQ(error.error().what, "why");
  w.wipe();
  put_answer(w, Result<void>());
  EXPECT_TRUE(get_answer<void>(w.view()));
  EXPECT_EQ(get_answer<std::string>(w.view()).error().code, Errc::unavailable);
  for (const Bytes& strange : {Bytes{}, Bytes{7, 0, 0, 0, 0}, Bytes{1}, Bytes{0, 1}}) {
    EXPECT_EQ(get_answer<void>(strange).error().code, Errc::unavailable);
  }
}

TEST(Wire, AWriterLeavesNothingBehindWhenWiped) {
  Writer w;
  put(w, std::string_view("secret"));
  const std::uint8_t* const at = w.view().data();
  const std::size_t size = w.view().size();
  w.wipe();
  EXPECT_EQ(Bytes(at, at + size), Bytes(size));  // the memory is still the writer's
}

class QuestionsTest : public ::testing::Test {
 protected:
  KeyFiles own;
  testing::ManualClock clock;
  Budgets budgets;
  const std::unique_ptr<LocalKeys> keys = *LocalKeys::open(own.files, own.random, clock);

  Errc asked(const Bytes& question, Office office = Office::keyd) {
    Writer w;
    answer_question({office, *keys, budgets, clock}, question, w);
    return get_answer<void>(w.view()).error().code;
  }
};

TEST_F(QuestionsTest, WhatIsNoQuestionIsMalformed) {
  EXPECT_EQ(asked({}), Errc::malformed);
  EXPECT_EQ(asked({0}), Errc::malformed);
  EXPECT_EQ(asked({255}), Errc::malformed);
  for (const Line& line : kLines) {
    if (line.at != Office::clerk && line.size_max > 0) {
      EXPECT_EQ(asked({line.number, 0xee}), Errc::malformed) << line.name;
    }
  }
}

TEST_F(QuestionsTest, NoneIsLargerThanItsLineLetsItBe) {
  for (const Line& line : kLines) {
    if (line.at == Office::clerk) continue;
    Bytes large(line.size_max + 2);
    large[0] = line.number;
    EXPECT_EQ(asked(large), Errc::exhausted) << line.name;
  }
}

TEST_F(QuestionsTest, SeveralAreAnsweredEachForItself) {
  const auto several = [](const std::vector<Bytes>& questions) {
    Writer w;
    w.number(kSeveral, 1);
    put(w, questions);
    return Bytes(w.view().begin(), w.view().end());
  };
  const auto answers = [&](const Bytes& question) {
    Writer w;
    answer_question({Office::keyd, *keys, budgets, clock}, question, w);
    return get_answer<std::vector<Bytes>>(w.view());
  };
  const Bytes ledger_key = {line_of<&Keys::ledger_key>().number}, nonsense = {255};
  const auto mixed = answers(several({ledger_key, nonsense, {}, ledger_key}));
  ASSERT_EQ(mixed->size(), 4u);
  EXPECT_EQ(*get_answer<Bytes>(mixed->at(0)), *keys->ledger_key());
  EXPECT_EQ(get_answer<void>(mixed->at(1)).error().code, Errc::malformed);
  EXPECT_EQ(get_answer<void>(mixed->at(2)).error().code, Errc::malformed);
  EXPECT_EQ(mixed->at(3), mixed->at(0));
  EXPECT_TRUE(answers(several({}))->empty());
  const auto nested = answers(several({several({ledger_key})}));
  EXPECT_EQ(get_answer<void>(nested->at(0)).error().code, Errc::malformed);
  EXPECT_EQ(answers(several(std::vector<Bytes>(kSeveralMax + 1, ledger_key))).error().code, Errc::exhausted);
  Bytes longer = several({ledger_key});
  longer.push_back(0);
  EXPECT_EQ(answers(longer).error().code, Errc::malformed);
  EXPECT_EQ(answers({kSeveral, 1, 0, 0, 0}).error().code, Errc::malformed);
}

TEST_F(QuestionsTest, WhatIsTheClerksIsNotAskedOfKeydNorTheReverse) {
  for (const Line& line : kLines) {
    const Bytes question = {line.number, 0xee};
    if (line.at == Office::clerk) EXPECT_EQ(asked(question), Errc::refused) << line.name;
    if (line.at == Office::keyd) EXPECT_EQ(asked(question, Office::clerk), Errc::refused) << line.name;
  }
}

TEST(Budgets, ASecondAndADayEndAndTenantsAreApart) {
  Budgets budgets;
  const Budget budget{2, 3};
  const auto spend = [&](std::int64_t second, std::string_view tenant) {
    return budgets.spend("release_day", tenant, budget, from_unix_s(86'400 * 20'000 + second)).has_value();
  };
  EXPECT_TRUE(spend(0, "a") && spend(0, "a"));
  EXPECT_FALSE(spend(0, "a"));
  EXPECT_TRUE(spend(0, "b"));
  EXPECT_TRUE(spend(1, "a"));
  EXPECT_FALSE(spend(2, "a"));
  EXPECT_TRUE(spend(86'400, "a"));
}

TEST(Budgets, NoBudgetIsNoLimit) {
  Budgets budgets;
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(budgets.spend("seal", "a", {}, from_unix_s(0)));
}

}  // namespace
}  // namespace countersign::keys
