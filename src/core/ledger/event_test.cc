#include "core/ledger/event.h"

#include <gtest/gtest.h>

#include <random>

namespace countersign::ledger {
namespace {

Event full() {
  Event event;
  event.at = from_unix_ms(1'775'034'764'120);
  event.node = "n2";
  event.type = EventType::read;
  event.outcome = Outcome::ok;
  event.tenant = *TenantId::parse("DA23456789ABCDEFGHJK");
  event.actor = {"staff", "a_19", "c_77", "s_5b", "s_11", "198.51.100.7"};
  event.purpose = "support";
  event.case_reference = "4711";
  event.intent = "ab12";
  event.object = "telephony";
  event.query = R"({"from":1,"to":2})";
  event.rows = {{"0123456789abcdef0123456789abcdef", "0-499,502", 501}};
  event.count = 501;
  event.days = {20526, 20527};
  event.detail = "why not";
  return event;
}

constexpr std::string_view kFullText =
    R"({"v":1,"ts":"2026-04-01T09:12:44.120Z","node":"n2","type":"read","outcome":"ok",)"
    R"("tenant":"DA23456789ABCDEFGHJK",)"
    R"("actor":{"kind":"staff","id":"a_19","cred":"c_77","sess":"s_5b","parent":"s_11","ip":"198.51.100.7"},)"
    R"("why":{"purpose":"support","case":"4711","intent":"ab12"},)"
    R"("what":{"object":"telephony","query":"{\"from\":1,\"to\":2}",)"
    R"("rows":[{"epoch":"0123456789abcdef0123456789abcdef","rows":"0-499,502","n":501}],"n":501},)"
    R"("days":[20526,20527],"detail":"why not"})";

Errc decode_error(const std::string& text) {
  const auto event = decode_event(text);
  EXPECT_FALSE(event) << text;
  return event ? Errc::conflict : event.error().code;
}

std::string with(std::string_view from, std::string_view to) {
  std::string text(kFullText);
  const auto at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Event, IsWrittenInOneOrder) { EXPECT_EQ(*encode(full()), kFullText); }

TEST(Event, IsReadAgainAsItWas) {
  EXPECT_EQ(*decode_event(kFullText), full());
  EXPECT_EQ(*encode(*decode_event(kFullText)), kFullText);
}

TEST(Event, LeavesOutWhatIsEmpty) {
  Event event;
  event.outcome = Outcome::denied;
  const std::string text = *encode(event);
  EXPECT_EQ(text, R"({"v":1,"ts":"1970-01-01T00:00:00.000Z","type":"read","outcome":"denied","what":{"n":0}})");
  EXPECT_EQ(*decode_event(text), event);
}

TEST(Event, KnowsEveryTypeByItsName) {
  int count = 0;
  for (int i = 0; i <= static_cast<int>(EventType::incident); ++i, ++count) {
    const auto type = static_cast<EventType>(i);
    EXPECT_EQ(event_type(name(type)), type);
    Event event = full();
    event.type = type;
    EXPECT_EQ(decode_event(*encode(event))->type, type);
  }
  EXPECT_EQ(count, 17);
  EXPECT_EQ(name(EventType::export_), "export");
  EXPECT_EQ(name(EventType::epoch_closed), "epoch_closed");
  EXPECT_EQ(event_type("impersonate"), std::nullopt);
}

TEST(Event, IsRefusedWhenNotWhatWasWritten) {
  const std::pair<std::string_view, std::string_view> changes[] = {
      {"\"v\":1", "\"v\":2"},
      {"\"v\":1,", "\"v\":1, "},
      {"\"v\":1,", ""},
      {"09:12:44.120Z", "09:12:44.12Z"},
      {"09:12:44.120Z", "09:12:44.120+00:00"},
      {"09:12:44.120Z", "09:12:60.120Z"},
      {"\"node\":\"n2\",", "\"node\":\"\","},
      {"\"node\":\"n2\",", "\"node\":\"n2\",\"node\":\"n2\","},
      {"\"node\":\"n2\",", "\"node\":2,"},
      {"\"node\":\"n2\"", "\"node\":\"n\\u0032\""},
      {"\"type\":\"read\"", "\"type\":\"Read\""},
      {"\"type\":\"read\",\"outcome\":\"ok\"", "\"outcome\":\"ok\",\"type\":\"read\""},
      {"\"outcome\":\"ok\"", "\"outcome\":\"fine\""},
      {"DA23456789ABCDEFGHJK", "DA 3456789ABCDEFGHJK"},
      {"\"kind\":\"staff\",\"id\":\"a_19\"", "\"id\":\"a_19\",\"kind\":\"staff\""},
      {"\"kind\":\"staff\"", "\"kind\":null"},
      {"\"case\":\"4711\"", "\"case\":4711"},
      {"\"n\":501}]", "\"n\":500}]"},
      {"\"n\":501}]", "\"n\":501.0}]"},
      {"\"rows\":\"0-499,502\"", "\"rows\":\"502,0-499\""},
      {"0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789abcdef"},
      {"0123456789abcdef0123456789abcdef", "0123456789abcdef"},
      {"\"days\":[20526,20527]", "\"days\":[]"},
      {"\"days\":[20526,20527]", "\"days\":[-1]"},
      {"\"days\":[20526,20527]", "\"days\":{}"},
      {"\"detail\":\"why not\"", "\"detail\":\"why not\",\"more\":1"},
      {"\"detail\":\"why not\"", "\"detail\":\"\\ud800\""},
      {"\"detail\":\"why not\"", "\"detail\":\"\\u0000\""},
      {"\"detail\":\"why not\"}", "\"detail\":\"why not\"}\n"},
      {"\"detail\":\"why not\"}", "\"detail\":\"why not\"}{}"},
      {"\"detail\":\"why not\"}", "\"detail\":\"why not\""},
  };
  for (const auto& [from, to] : changes) EXPECT_EQ(decode_error(with(from, to)), Errc::malformed) << from << " " << to;
  for (const std::string text : {"", "null", "[]", "{}", "\xff", "{\"v\":1}", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}) {
    EXPECT_EQ(decode_error(text), Errc::malformed) << text;
  }
}

TEST(Event, SurvivesTextsOfEveryKind) {
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    Event event = full();
    for (std::string* text : {&event.node, &event.actor.kind, &event.purpose, &event.query, &event.detail}) {
      text->clear();
      for (auto n = random() % 20; n > 0; --n) text->push_back(static_cast<char>(random() % 256));
    }
    const auto written = encode(event);
    ASSERT_TRUE(written);
    const auto again = decode_event(*written);
    ASSERT_TRUE(again) << *written;
    EXPECT_EQ(*encode(*again), *written);
  }
}

TEST(Event, ReplacesWhatIsNoText) {
  Event event;
  event.detail = std::string("a\0b\xff", 4);
  EXPECT_EQ(decode_event(*encode(event))->detail,
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd");
}

TEST(Event, HasALimit) {
  Event event;
  const std::size_t frame = encode(event)->size() + std::string_view(R"(,"detail":"")").size();
  event.detail.assign(kEventMax - frame, 'x');
  EXPECT_EQ(encode(event)->size(), kEventMax);
  EXPECT_TRUE(decode_event(*encode(event)));
  event.detail += 'x';
  EXPECT_EQ(encode(event).error().code, Errc::exhausted);
  EXPECT_EQ(decode_error(*encode(full()) + std::string(kEventMax, ' ')), Errc::malformed);
}

TEST(Event, IsNotWrittenWithNonsense) {
  const auto error = [](auto change) {
    Event event = full();
    change(event);
    const auto text = encode(event);
    return text ? Errc::conflict : text.error().code;
  };
  EXPECT_EQ(error([](Event& e) { e.at = from_unix_ms(-1); }), Errc::malformed);
  EXPECT_EQ(error([](Event& e) { e.at = from_unix_s(253'402'300'800); }), Errc::malformed);
  EXPECT_EQ(error([](Event& e) { e.tenant = TenantId::trusted("a b"); }), Errc::malformed);
  EXPECT_EQ(error([](Event& e) { e.rows[0].epoch = "x"; }), Errc::malformed);
  EXPECT_EQ(error([](Event& e) { e.rows[0].rows = "3-1"; }), Errc::malformed);
  EXPECT_EQ(error([](Event& e) { e.rows[0].count = 3; }), Errc::malformed);
  EXPECT_EQ(error([](Event& e) { e.count = ~std::uint64_t{0}; }), Errc::malformed);
  EXPECT_EQ(error([](Event& e) { e.days = {-1}; }), Errc::malformed);
  EXPECT_EQ(error([](Event& e) { e.rows.assign(2000, e.rows[0]); }), Errc::exhausted);
}

TEST(RowRanges, JoinWhatFollowsOnAnother) {
  EXPECT_EQ(row_ranges({}), "");
  EXPECT_EQ(row_ranges({7}), "7");
  EXPECT_EQ(row_ranges({0, 1, 2, 5, 7, 8}), "0-2,5,7-8");
  EXPECT_EQ(*parse_row_ranges("0-2,5,7-8"), (std::vector<std::uint64_t>{0, 1, 2, 5, 7, 8}));
  EXPECT_TRUE(parse_row_ranges("")->empty());
}

TEST(RowRanges, AreReadAgainAsTheyWere) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::uint64_t> numbers;
    std::uint64_t next = random() % 4;
    for (auto n = random() % 200; n > 0; --n)
      numbers.push_back(next), next += 1 + (random() % 3 == 0) * (random() % 1000);
    const std::string text = row_ranges(numbers);
    EXPECT_EQ(*parse_row_ranges(text), numbers);
    EXPECT_EQ(*count_row_ranges(text), numbers.size());
  }
}

TEST(RowRanges, AreRefusedInAnyOtherSpelling) {
  for (const std::string text : {"01",
                                 "1,",
                                 ",1",
                                 "1-1",
                                 "2-1",
                                 "1,1",
                                 "2,1",
                                 "1,2",
                                 "1-2,3",
                                 "1-",
                                 "-1",
                                 "+1",
                                 " 1",
                                 "1 ",
                                 "a",
                                 "0x1",
                                 "1--2",
                                 "1-2-3",
                                 "18446744073709551616",
                                 "18446744073709551615",
                                 "0-1000000",
                                 "0-999998,1000000-1000001",
                                 "0-9223372036854775807"}) {
    const auto numbers = parse_row_ranges(text);
    ASSERT_FALSE(numbers) << text;
    EXPECT_EQ(numbers.error().code, Errc::malformed);
    EXPECT_EQ(count_row_ranges(text).error().code, Errc::malformed);
  }
  EXPECT_EQ(parse_row_ranges("0-999999")->size(), kRowNumbersMax);
  EXPECT_EQ(*count_row_ranges("9223372036854775807"), 1u);
}

}  // namespace
}  // namespace countersign::ledger
