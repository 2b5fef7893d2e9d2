#include "core/history/export.h"

#include <gtest/gtest.h>

#include "core/codec/base64.h"
#include "core/history/opening.h"
#include "core/history/reader_key.h"
#include "testing/seeded_random.h"

namespace countersign::history {
namespace {

using countersign::testing::SeededRandom;

constexpr std::int64_t kDay = 20'526;
const TenantId kTenant = TenantId::trusted("DA23456789ABCDEFGHJK");

// As core/record binds it.
std::string open_of(std::string_view id, std::int64_t day = kDay) {
  std::string out;
  for (const std::string& field : {kTenant.text(), std::string("activity"), std::string(id), std::to_string(day)}) {
    out.push_back(static_cast<char>(field.size()));
    out.append(7, '\0').append(field);
  }
  return out;
}

// One epoch of two rows, sealed to one reader.
struct World {
  SeededRandom random;
  crypto::X25519Key key = crypto::X25519Key::generate(random);
  Bytes day_key = Bytes(kDayKeySize, 7);
  ExportHead head{kTenant, "Acme", kDay, kDay, from_unix_s(1)};
  ExportEpoch epoch;
  std::vector<ExportRow> rows;

  World() {
    EpochHeader header;
    header.tenant = kTenant;
    header.day = kDay;
    header.writer = "node";
    random.fill(header.id);
    const Secret epoch_key(ByteView(Bytes(kEpochKeySize, 9)));
    EXPECT_TRUE(wrap(header, epoch_key, {key.public_key()}, day_key, random));
    const auto at_work = EpochKey::make(header, epoch_key);
    std::vector<Bytes> hashes;
    for (const std::uint64_t number : {0U, 1U}) {
      const std::string open = open_of("event-" + std::to_string(number));
      rows.push_back({*at_work->seal(number, open, "text " + std::to_string(number)), open});
      hashes.push_back(row_hash(open, rows.back().row));
    }
    epoch = {encode(header), encode(*trailer_of(header.id, hashes))};
  }

  std::string day_line() const { return encode(ExportLine(ExportDay{kDay, Secret(ByteView(day_key))})); }
  std::vector<std::string> lines() const {
    return {encode(ExportLine(head)),    day_line(),
            encode(ExportLine(epoch)),   encode(ExportLine(rows[0])),
            encode(ExportLine(rows[1])), encode(ExportLine(ExportEnd{2}))};
  }
};

struct Outcome {
  std::vector<std::string> texts, problems;
};
Result<Outcome> open_all(const crypto::X25519Key& key, const std::vector<std::string>& lines) {
  Opening opening(key);
  Outcome out;
  for (const std::string& line : lines) {
    OpeningStep step = TRY(opening.take(line));
    if (step.row) out.texts.push_back(step.row->text);
    out.problems.insert(out.problems.end(), step.problems.begin(), step.problems.end());
  }
  TRY(opening.end_of_file());
  return out;
}

TEST(ExportLines, ComeBackAsTheyWere) {
  const World world;
  const ExportSlot slot{"KS1", "passkey", "Ada <laptop>", world.key.public_key(), Bytes{1}, Bytes{2}, Bytes{3}};
  std::vector<std::string> lines = world.lines();
  lines.push_back(encode(ExportLine(slot)));
  for (const std::string& line : lines) {
    const auto decoded = decode_export_line(line);
    ASSERT_TRUE(decoded) << line;
    EXPECT_EQ(encode(*decoded), line);
  }
}

TEST(ExportLines, OfAnotherFormAreMalformed) {
  for (const std::string_view line :
       {"", "[]", "{}", R"({"row":""})", R"({"row":"=","open":""})", R"({"end":1,"more":2})", R"({"end":-1})",
        R"({"end":1,"end":1})", R"({"export":2,"tenant":"A","tenant_name":"","first_day":0,"last_day":0,"made":0})",
        R"({"day":1,"key":"AA"})", R"({"open":"","row":""})", R"({"day":2932897,"key":""})"}) {
    EXPECT_EQ(decode_export_line(line).error().code, Errc::malformed) << line;
  }
  EXPECT_EQ(decode_export_line(std::string(kExportLineMax + 1, ' ')).error().code, Errc::exhausted);
}

TEST(Opening, GivesEveryText) {
  const World world;
  const auto out = open_all(world.key, world.lines());
  ASSERT_TRUE(out);
  EXPECT_EQ(out->texts, (std::vector<std::string>{"text 0", "text 1"}));
  EXPECT_TRUE(out->problems.empty());
}

TEST(Opening, SaysWhatIsMissingWithoutTheDaysKey) {
  const World world;
  auto lines = world.lines();
  lines.erase(lines.begin() + 1);
  const auto out = open_all(world.key, lines);
  EXPECT_TRUE(out->texts.empty());
  EXPECT_EQ(out->problems, std::vector<std::string>{"no key of 2026-03-14 was released with this export"});
}

TEST(Opening, RefusesTheKeyOfAnotherDay) {
  World world;
  world.day_key = Bytes(kDayKeySize, 8);
  const auto out = open_all(world.key, world.lines());
  EXPECT_TRUE(out->texts.empty());
  ASSERT_EQ(out->problems.size(), 1u);
  EXPECT_TRUE(out->problems[0].starts_with("2026-03-14: refused: ")) << out->problems[0];
}

TEST(Opening, OpensNothingForAnotherReader) {
  World world;
  const auto other = crypto::X25519Key::generate(world.random);
  const auto out = open_all(other, world.lines());
  EXPECT_TRUE(out->texts.empty());
  EXPECT_EQ(out->problems, std::vector<std::string>{"2026-03-14: not sealed to this key"});
}

TEST(Opening, NamesARowThatWasAlteredAndOpensTheOthers) {
  World world;
  world.rows[0].row[40] ^= 1;
  const auto out = open_all(world.key, world.lines());
  EXPECT_EQ(out->texts, std::vector<std::string>{"text 1"});
  ASSERT_EQ(out->problems.size(), 2u);
  EXPECT_TRUE(out->problems[0].starts_with("2026-03-14, row 0: refused: ")) << out->problems[0];
  EXPECT_TRUE(out->problems[1].starts_with("2026-03-14: incomplete: ")) << out->problems[1];
}

TEST(Opening, NoticesARowThatIsLeftOut) {
  const World world;
  auto lines = world.lines();
  lines.erase(lines.begin() + 4);
  lines.back() = encode(ExportLine(ExportEnd{1}));
  const auto out = open_all(world.key, lines);
  EXPECT_EQ(out->problems, std::vector<std::string>{"2026-03-14: incomplete: the trailer counts other rows"});
}

TEST(Opening, RefusesFilesOfTwoTenants) {
  World world;
  auto lines = world.lines();
  world.head.tenant = TenantId::trusted("DAOTHER");
  lines.push_back(encode(ExportLine(world.head)));
  EXPECT_EQ(open_all(world.key, lines).error().code, Errc::refused);
  lines = world.lines();
  EXPECT_EQ(open_all(world.key, lines).error().code, Errc::refused);
}

TEST(Opening, TakesKeysFromAFileOfTheirOwn) {
  const World world;
  auto lines = world.lines();
  lines.erase(lines.begin() + 1);
  lines.insert(lines.begin(), {encode(ExportLine(world.head)), world.day_line(), encode(ExportLine(ExportEnd{0}))});
  EXPECT_EQ(open_all(world.key, lines)->texts.size(), 2u);
}

TEST(Opening, RefusesFilesThatAreNotWhole) {
  const World world;
  const auto whole = world.lines();
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const auto out = open_all(world.key, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    EXPECT_EQ(out.error().code, Errc::malformed) << size;
  }
  EXPECT_EQ(open_all(world.key, {whole[1]}).error().code, Errc::malformed);            // no beginning
  EXPECT_EQ(open_all(world.key, {whole[0], whole[3]}).error().code, Errc::malformed);  // no epoch
  auto twice = whole;
  twice.insert(twice.begin() + 4, whole[3]);
  EXPECT_EQ(open_all(world.key, twice).error().code, Errc::malformed);
}

TEST(RowSubject, OfAnotherFormIsMalformed) {
  const std::string whole = open_of("event");
  ASSERT_TRUE(decode_subject(whole));
  EXPECT_EQ(decode_subject(whole)->stream, "activity");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(decode_subject(std::string_view(whole).substr(0, size)).error().code, Errc::malformed) << size;
  }
  EXPECT_EQ(decode_subject(whole + "x").error().code, Errc::malformed);
  EXPECT_EQ(decode_subject(open_of("event", -1)).error().code, Errc::malformed);
  EXPECT_EQ(decode_subject(std::string(64, '\xff')).error().code, Errc::malformed);
}

TEST(Opening, RefusesARowWhoseOpenPartNamesAnotherDay) {
  World world;
  const auto header = decode_header(world.epoch.header);
  const auto at_work = EpochKey::make(*header, Secret(ByteView(Bytes(kEpochKeySize, 9))));
  const std::string open = open_of("event-0", kDay + 1);
  world.rows[0] = {*at_work->seal(0, open, "text"), open};
  world.epoch.trailer.clear();
  const auto out = open_all(world.key, world.lines());
  EXPECT_EQ(out->texts, std::vector<std::string>{"text 1"});
  EXPECT_EQ(out->problems, std::vector<std::string>{"2026-03-14, row 0: refused: the row is not where it belongs"});
}

constexpr crypto::PasswordCost kCheap{.passes = 1, .memory_bytes = 64 * 1024};

TEST(ReaderKey, ComesBackWithItsPassphraseAlone) {
  World world;
  const auto file = seal_reader_key(world.key, Secret("correct horse"), kCheap, world.random);
  ASSERT_TRUE(file);
  EXPECT_EQ(*reader_public_key(*file), world.key.public_key());
  EXPECT_EQ(open_reader_key(*file, Secret("correct horse"))->public_key(), world.key.public_key());
  EXPECT_EQ(open_reader_key(*file, Secret("correct horsE")).error().code, Errc::refused);
}

TEST(ReaderKey, NoticesAnotherPublicHalf) {
  World world;
  std::string file = *seal_reader_key(world.key, Secret("x"), kCheap, world.random);
  const std::string theirs = codec::to_base64(codec::Base64::url, world.key.public_key().bytes());
  const auto other = crypto::X25519Key::generate(world.random);
  file.replace(file.find(theirs), theirs.size(), codec::to_base64(codec::Base64::url, other.public_key().bytes()));
  EXPECT_EQ(open_reader_key(file, Secret("x")).error().code, Errc::refused);
}

TEST(ReaderKey, OfAnotherFormIsMalformed) {
  World world;
  const std::string file = *seal_reader_key(world.key, Secret("x"), kCheap, world.random);
  const std::string version = R"("reader_key":1)", passes = R"("passes":1)";
  std::string newer = file, slow = file;
  newer.replace(newer.find(version), version.size(), R"("reader_key":2)");
  slow.replace(slow.find(passes), passes.size(), R"("passes":17)");
  for (const std::string& text : {std::string(), std::string("{}"), newer, slow, file.substr(0, file.size() / 2)}) {
    EXPECT_EQ(reader_public_key(text).error().code, Errc::malformed) << text;
  }
}

}  // namespace
}  // namespace countersign::history
