#include "core/history/export_intent.h"

#include <gtest/gtest.h>

#include "core/history/signer_key.h"
#include "testing/seeded_random.h"

namespace countersign::history {
namespace {

constexpr Instant kAsked = Instant(seconds(1'772'366'400));  // 2026-03-01T12:00:00Z
constexpr crypto::PasswordCost kCheap{.passes = 1, .memory_bytes = 64 * 1024};

ExportIntent intent() {
  return {.id = "ex_2",
          .tenant = TenantId::trusted("DA2"),
          .first_day = 20'500,
          .last_day = 20'512,
          .keys = DayKeys::with_rows,
          .rows = 4711,
          .requester = "ad_7",
          .purpose = "export",
          .case_reference = "case \"9\" <b>",
          .asked = kAsked,
          .expires = kAsked + seconds(1800),
          .nonce = "bm9uY2U"};
}

TEST(ExportIntent, IsTheTextOfTheManual) {
  EXPECT_EQ(encode(intent()),
            R"({"countersign":"export","id":"ex_2","tenant":"DA2","first_day":"2026-02-16","last_day":"2026-02-28",)"
            R"("keys":"with_rows","rows":4711,"requester":"ad_7","purpose":"export","case":"case \"9\" \u003cb>",)"
            R"("asked":"2026-03-01T12:00:00Z","expires":"2026-03-01T12:30:00Z","nonce":"bm9uY2U"})");
  EXPECT_EQ(*decode_export_intent(encode(intent())), intent());
}

TEST(ExportIntent, HasOneSpelling) {
  const std::string right = encode(intent());
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {R"("rows":4711)", R"("rows":4711.0)"},
           {R"("rows":4711)", R"("rows":-1)"},
           {R"("keys":"with_rows")", R"("keys":"all")"},
           {R"(,"case")", R"(, "case")"},
           {R"("first_day":"2026-02-16")", R"("first_day":"2026-02-16T00:00:00Z")"},
           {R"("tenant":"DA2")", R"("tenant":"DA 2")"},
           {R"("tenant":"DA2")", R"("tenant":"DA2","tenant":"DA3")"},
           {R"("export")", R"("export veto")"},
           {"\"}", "\",\"more\":1}"},
           {"\"}", "\"}\n"}}) {
    std::string wrong = right;
    wrong.replace(wrong.find(from), from.size(), to);
    EXPECT_EQ(decode_export_intent(wrong).error().code, Errc::malformed) << wrong;
  }
  EXPECT_EQ(decode_export_intent("").error().code, Errc::malformed);
  EXPECT_EQ(decode_export_intent(std::string(kSignedTextMax + 1, ' ')).error().code, Errc::exhausted);
}

TEST(ExportIntent, SaysInWordsWhatIsSigned) {
  EXPECT_EQ(*words_of_signed(encode(intent())),
            "that history of tenant DA2 leaves, 2026-02-16 to 2026-02-28, 4711 rows now, with the days' keys");
  const std::string fetch = encode(ExportChallenge{"ex_2", "00ff", kAsked, "bm9uY2U"});
  EXPECT_EQ(*words_of_signed(fetch), "that the export ex_2 is fetched now");
  EXPECT_EQ(*words_of_signed(export_veto("ex_2", "00ff")), "that the export ex_2 is stopped");
  for (const std::string& text : {fetch + " ", std::string("{}"), std::string("a contract"), std::string(),
                                  std::string(R"({"countersign":"export everything","id":"ex_2","intent":"00ff"})")}) {
    EXPECT_EQ(words_of_signed(text).error().code, Errc::refused) << text;
  }
}

TEST(SignerKey, OpensWithItsPassphraseAlone) {
  testing::SeededRandom random;
  const auto key = crypto::Es256Key::generate(random);
  const Secret right("correct horse"), wrong("correct house");
  const auto file = seal_signer_key(key, {right, kCheap}, random);
  ASSERT_TRUE(file);
  const auto opened = open_signer_key(*file, right);
  ASSERT_TRUE(opened) << opened.error().what;
  EXPECT_TRUE(key.public_key().verify(bytes_of("text"), opened->sign(bytes_of("text"))));
  EXPECT_EQ(signer_public_key(*file)->point(), key.public_key().point());
  EXPECT_EQ(open_signer_key(*file, wrong).error().code, Errc::refused);
  std::string reader = *file;
  reader.replace(reader.find("signer_key"), 10, "reader_key");
  EXPECT_EQ(open_signer_key(reader, right).error().code, Errc::malformed);
}

TEST(SignerKey, OfAnotherPublicHalfIsRefused) {
  testing::SeededRandom random;
  const auto key = crypto::Es256Key::generate(random);
  const Secret passphrase("correct horse");
  const std::string file = *seal_signer_key(key, {passphrase, kCheap}, random);
  const std::string other = *seal_signer_key(crypto::Es256Key::generate(random), {passphrase, kCheap}, random);
  const std::string_view name = "\"public_key\":\"";
  const std::size_t at = file.find(name) + name.size(), size = file.find('"', at) - at;
  std::string mixed = file;
  mixed.replace(at, size, other.substr(at, size));
  EXPECT_EQ(open_signer_key(mixed, passphrase).error().code, Errc::refused);
}

}  // namespace
}  // namespace countersign::history
