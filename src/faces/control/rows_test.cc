#include "faces/control/rows.h"

#include <gtest/gtest.h>

#include "faces/control/csv.h"

namespace countersign::control {
namespace {

std::int64_t ms_of(std::string_view text) {
  const auto time = parse_time(text);
  return time ? unix_ms(*time) : -1;
}

TEST(Time, ReadsSecondsMillisecondsAndDates) {
  EXPECT_EQ(ms_of("1767323045"), 1767323045000);
  EXPECT_EQ(ms_of("1767323045123"), 1767323045123);
  EXPECT_EQ(ms_of("2026-01-02T03:04:05Z"), 1767323045000);
  EXPECT_EQ(ms_of("2026-01-02T04:04:05.123+01:00"), 1767323045123);
  EXPECT_EQ(ms_of("2026-01-02 03:04"), 1767323040000);
  EXPECT_EQ(ms_of("2026-01-02"), 1767312000000);
  EXPECT_EQ(ms_of("2026-11-21T22:44:36.225000+00:00"), 1795301076225);
}

TEST(Time, RefusesWhatIsNone) {
  for (const char* text : {"", "2026", "2026-13-01", "2026-02-30", "2026-01-02T", "2026-01-02T25:00Z", "2026-01-02x",
                           "2026-01-02T03:04:05+1", "99999999999999999999", "-1", "2026-01-02T03:04:05."}) {
    const auto time = parse_time(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, Errc::malformed);
  }
}

TEST(Time, WritesWhatItReads) {
  codec::JsonWriter w;
  w.begin_object();
  write_time(w, "at", from_unix_s(1767323045));
  EXPECT_EQ(w.end_object().take(), R"({"at":"2026-01-02T03:04:05Z"})");
}

std::vector<CsvRecord> all_of(std::string_view text) {
  CsvReader reader(text);
  std::vector<CsvRecord> out;
  for (;;) {
    auto record = reader.next();
    if (!record || !*record) return out;
    out.push_back(**std::move(record));
  }
}

TEST(Csv, ReadsQuotesAndCountsLines) {
  const auto records = all_of("\xef\xbb\xbf" "a,b\r\n\r\n\"x,\"\"y\"\"\n2\",\nlast");
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[1].line, 3);
  EXPECT_EQ(records[1].fields, (std::vector<std::string>{"x,\"y\"\n2", ""}));
  EXPECT_EQ(records[2].line, 5);
  EXPECT_EQ(records[2].fields, std::vector<std::string>{"last"});
}

TEST(Csv, RefusesAQuoteThatDoesNotEndOrHasTextBehindIt) {
  CsvReader open("\"a");
  EXPECT_EQ(open.next().error().code, Errc::malformed);
  CsvReader behind("\"a\"b\nc\n");
  EXPECT_EQ(behind.next().error().code, Errc::malformed);
  EXPECT_EQ((*behind.next())->fields, std::vector<std::string>{"c"});
}

TEST(Csv, HasLimits) {
  const std::string commas(kCsvFieldsMax, ',');
  CsvReader many(commas);
  EXPECT_EQ(many.next().error().code, Errc::exhausted);
  const std::string text(kCsvRecordMax + 1, 'a');
  CsvReader large(text);
  EXPECT_EQ(large.next().error().code, Errc::exhausted);
}

TEST(Csv, ReadsBackWhatItWrites) {
  const std::vector<std::string> fields = {"a", "", "b,c", "d\"e", "f\r\ng"};
  EXPECT_EQ(all_of(write_csv(fields)).at(0).fields, fields);
  EXPECT_EQ(all_of(write_csv({""})).at(0).fields, std::vector<std::string>{""});
  const std::vector<std::string> marked = {"\xef\xbb\xbf", "x"};
  EXPECT_EQ(all_of(write_csv(marked)).at(0).fields, marked);
}

}  // namespace
}  // namespace countersign::control
