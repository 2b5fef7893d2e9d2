#include "server/reader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <sstream>

#include "core/codec/base64.h"
#include "core/history/opening.h"
#include "core/record/stored_event.h"
#include "server/reader_events.h"
#include "testing/seeded_random.h"
#include "testing/temp_dir.h"

namespace countersign::server {
namespace {

using countersign::testing::SeededRandom;
using countersign::testing::TempDir;

constexpr std::int64_t kDay = 20'526;
const TenantId kTenant = TenantId::trusted("DA23456789ABCDEFGHJK");

record::AuthEvent sign_in(std::string user) {
  record::AuthEvent event;
  event.id = EventId::trusted("event-" + user);
  event.tenant = kTenant;
  event.txid = AttemptId::trusted("txid");
  event.at = from_unix_s(kDay * 86'400);
  event.result = "success";
  event.user_name = std::move(user);
  event.groups = {"staff", "admins"};
  event.access_device.hostname = "=cmd()";
  return event;
}

// A folder with a key file and exports sealed to it.
struct Desk {
  TempDir dir;
  SeededRandom random;
  ReaderKeyPlace place = named("key.json");
  std::string public_key;

  // At a cost that a test can pay.
  ReaderKeyPlace named(const std::string& name) const {
    return {dir.path() / name, dir.path() / "passphrase", {.passes = 1, .memory_bytes = 64 * 1024}};
  }

  Desk() {
    write("passphrase", "correct horse battery\n");
    public_key = *make_reader_key(place, random);
  }

  std::string write(const std::string& name, std::string_view text) {
    const std::string file = dir.path() / name;
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  std::string write_export(const std::vector<record::AuthEvent>& events, const std::set<std::string>& canaries = {}) {
    using namespace history;
    const auto key = crypto::X25519PublicKey::from_bytes(*codec::from_base64(codec::Base64::url, public_key));
    EpochHeader header;
    header.tenant = kTenant;
    header.day = kDay;
    const Bytes day_key(kDayKeySize, 7);
    const Secret epoch_key(ByteView(Bytes(kEpochKeySize, 9)));
    EXPECT_TRUE(wrap(header, epoch_key, {*key}, day_key, random));
    const auto at_work = EpochKey::make(header, epoch_key);
    std::string out = encode(ExportLine(ExportHead{kTenant, "Acme", kDay, kDay, from_unix_s(1)})) + "\n";
    out += encode(ExportLine(ExportDay{kDay, Secret(ByteView(day_key))})) + "\n";
    out += encode(ExportLine(ExportEpoch{encode(header), {}})) + "\n";
    std::uint64_t number = 0;
    for (const record::AuthEvent& event : events) {
      const std::string open = record::open_part(kTenant, "authentication", kDay, event.id);
      const bool canary = canaries.contains(event.user_name);
      const std::string text = canary ? record::encode_canary(event) : record::encode(event);
      out += encode(ExportLine(ExportRow{*at_work->seal(number++, open, text), open})) + "\n";
    }
    return write("export.mfae", out + encode(ExportLine(ExportEnd{number})) + "\n");
  }
};

struct Said {
  Result<ReaderOutcome> outcome;
  std::string text;
};
Said open(const Desk& desk, const std::string& file, ReaderForm form) {
  std::string text;
  auto outcome = open_exports({{file}, desk.place, form, ""}, [&](std::string_view piece) { text += piece; });
  return {std::move(outcome), text};
}

TEST(Reader, PrintsTheEventsOfTheLog) {
  Desk desk;
  const auto events = std::vector{sign_in("ada"), sign_in("ben")};
  const Said said = open(desk, desk.write_export(events), ReaderForm::json);
  ASSERT_TRUE(said.outcome) << said.outcome.error().what;
  EXPECT_EQ(said.outcome->problems, std::vector<std::string>());
  EXPECT_EQ(said.text, record::to_log_json(events[0]) + "\n" + record::to_log_json(events[1]) + "\n");
  EXPECT_EQ(said.outcome->opened, 2u);
}

TEST(Reader, PrintsNoCanaryAndSaysHowManyThereWere) {
  Desk desk;
  const auto events = std::vector{sign_in("ada"), sign_in("nobody"), sign_in("ben")};
  for (const ReaderForm form : {ReaderForm::json, ReaderForm::csv}) {
    const Said said = open(desk, desk.write_export(events, {"nobody"}), form);
    ASSERT_TRUE(said.outcome) << said.outcome.error().what;
    EXPECT_EQ(said.text.find("nobody"), said.text.npos) << said.text;
    EXPECT_NE(said.text.find("ben"), said.text.npos);
    EXPECT_EQ(said.outcome->opened, 2u);
    EXPECT_EQ(said.outcome->canaries, 1u);
    EXPECT_EQ(said.outcome->closed, 0u);
  }
}

TEST(Reader, PrintsATableInWhichNothingIsAFormula) {
  Desk desk;
  const Said said = open(desk, desk.write_export({sign_in("ada")}), ReaderForm::csv);
  ASSERT_TRUE(said.outcome);
  EXPECT_TRUE(said.text.starts_with("stream,txid,timestamp,")) << said.text;
  EXPECT_NE(said.text.find(",'=cmd(),"), said.text.npos) << said.text;
  EXPECT_NE(said.text.find(",\"staff, admins\","), said.text.npos) << said.text;
}

TEST(Reader, KeepsItsKeyFromOthersAndOverwritesNone) {
  Desk desk;
  struct stat about {};
  ASSERT_EQ(::stat(desk.place.file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777u, 0600u);
  EXPECT_EQ(make_reader_key(desk.place, desk.random).error().code, Errc::conflict);
}

TEST(Reader, RefusesAnotherPassphraseAndAShortNewOne) {
  Desk desk;
  const std::string file = desk.write_export({});
  desk.write("passphrase", "another passphrase\n");
  EXPECT_EQ(open(desk, file, ReaderForm::json).outcome.error().code, Errc::refused);
  desk.write("passphrase", "short\n");
  const ReaderKeyPlace elsewhere = desk.named("other.json");
  EXPECT_EQ(make_reader_key(elsewhere, desk.random).error().code, Errc::malformed);
}

TEST(Reader, GetsItsKeyBackFromTwoShares) {
  Desk desk;
  const auto shares = split_reader_key(desk.place, desk.random);
  ASSERT_TRUE(shares);
  ASSERT_EQ(shares->size(), 3u);
  const ReaderKeyPlace elsewhere = desk.named("again.json");
  EXPECT_EQ(combine_reader_key(elsewhere, {(*shares)[0]}, desk.random).error().code, Errc::refused);
  EXPECT_EQ(*combine_reader_key(elsewhere, {(*shares)[2], (*shares)[0]}, desk.random), desk.public_key);
  const std::string file = desk.write_export({sign_in("ada")});
  const auto outcome = open_exports({{file}, elsewhere, ReaderForm::json, ""}, [](std::string_view) {});
  EXPECT_EQ(outcome->opened, 1u);
}

TEST(Reader, RefusesAFileThatWasCutOff) {
  Desk desk;
  const std::string file = desk.write_export({sign_in("ada")});
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  const std::string whole = text.str();
  const std::size_t end = whole.rfind("{\"end\"");
  for (const std::size_t size : {end, end - 9, whole.size() - 1}) {
    const std::string cut = desk.write("cut.mfae", whole.substr(0, size));
    EXPECT_EQ(open(desk, cut, ReaderForm::json).outcome.error().code, Errc::malformed) << size;
  }
}

TEST(ReaderEvents, OfAnUnknownStreamAreMalformed) {
  history::OpenedText opened{{kTenant, "weather", EventId::trusted("e"), kDay}, 0, "x1;"};
  EXPECT_EQ(event_json(opened).error().code, Errc::malformed);
  opened.text = R"({"phone":"+14155550100"})";
  EXPECT_EQ(*event_json(opened), opened.text);
  opened.text = "{";
  EXPECT_EQ(event_json(opened).error().code, Errc::malformed);
}

}  // namespace
}  // namespace countersign::server
