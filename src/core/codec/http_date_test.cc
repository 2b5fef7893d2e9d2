#include "core/codec/http_date.h"

#include <gtest/gtest.h>

namespace countersign::codec {
namespace {

const Instant kThen = from_unix_s(1345570158);  // 2012-08-21 17:29:18 UTC

TEST(HttpDate, ReadsEverySpellingOfTheDuoClients) {
  for (const char* text : {"Tue, 21 Aug 2012 17:29:18 -0000", "Tue, 21 Aug 2012 17:29:18 +0000",
                           "Tue, 21 Aug 2012 17:29:18 GMT", "Tue, 21 Aug 2012 17:29:18 UT",
                           "Tue, 21 Aug 2012 17:29:18 UTC", "Tue, 21 Aug 2012 22:59:18 +0530",
                           "Tue, 21 Aug 2012 10:29:18 -0700", "21 Aug 2012 17:29:18 GMT",
                           "tue, 21 aug 2012 17:29:18 gmt",
                           "  Tue,  21  Aug  2012  17:29:18  GMT ", "Wed, 22 Aug 2012 01:29:18 +0800"}) {
    EXPECT_EQ(*parse_http_date(text), kThen) << text;
  }
}

TEST(HttpDate, ReadsOneDigitDaysAndMissingSeconds) {
  EXPECT_EQ(*parse_http_date("Thu, 1 Jan 1970 00:01 GMT"), from_unix_s(60));
  EXPECT_EQ(*parse_http_date("Thu, 01 Jan 1970 00:01:00 GMT"), from_unix_s(60));
}

TEST(HttpDate, ReadsALeapSecondAsTheOneBefore) {
  EXPECT_EQ(*parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT"), *parse_http_date("Sat, 31 Dec 2016 23:59:59 GMT"));
}

TEST(HttpDate, RefusesWhatIsNoDate) {
  for (const char* text :
       {"", " ", "Tue", "Tue, 21 Aug 2012", "Tue, 21 Aug 2012 17:29:18", "Tue 21 Aug 2012 17:29:18 GMT",
        "Tue, 32 Aug 2012 17:29:18 GMT", "Wed, 29 Feb 2023 00:00:00 GMT", "Tue, 0 Aug 2012 17:29:18 GMT",
        "Tue, 21 Abc 2012 17:29:18 GMT", "Tue, 21 Aug 12 17:29:18 GMT", "Tue, 21 Aug 2012 24:00:00 GMT",
        "Tue, 21 Aug 2012 17:60:18 GMT", "Tue, 21 Aug 2012 17:29:61 GMT", "Tue, 21 Aug 2012 17:29:18 PST",
        "Tue, 21 Aug 2012 17:29:18 +05", "Tue, 21 Aug 2012 17:29:18 0530", "Tue, 21 Aug 2012 17:29:18 +2400",
        "Tue, 21 Aug 2012 17:29:18 +05300", "Tue, 21 Aug 2012 17:29:18 GMT x", "Tue, 21 Aug 1969 17:29:18 GMT",
        "2012-08-21T17:29:18Z", "1345570158", "Tue, 021 Aug 2012 17:29:18 GMT", "Tue, -1 Aug 2012 17:29:18 GMT"}) {
    EXPECT_EQ(parse_http_date(text).error().code, Errc::malformed) << text;
  }
  EXPECT_EQ(parse_http_date("Tue, 21 Aug 2012 17:29:18" + std::string(60, ' ') + "GMT").error().code, Errc::malformed);
}

TEST(HttpDate, WritesTheFixedForm) {
  EXPECT_EQ(http_date(kThen), "Tue, 21 Aug 2012 17:29:18 GMT");
  EXPECT_EQ(http_date(from_unix_s(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(from_unix_ms(999)), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(HttpDate, ReadsWhatItWrote) {
  for (std::int64_t s = 0; s < 253'402'300'799; s += 86'400 * 97 + 12'345) {
    EXPECT_EQ(*parse_http_date(http_date(from_unix_s(s))), from_unix_s(s));
  }
}

TEST(IsoDate, HasMicrosecondsAndItsZoneWritten) {
  EXPECT_EQ(iso_date(kThen + milliseconds(7)), "2012-08-21T17:29:18.007000+00:00");
  EXPECT_EQ(iso_date(from_unix_s(951'782'400)), "2000-02-29T00:00:00.000000+00:00");
}

}  // namespace
}  // namespace countersign::codec
