#include "server/cli_exports.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "core/codec/base64.h"
#include "core/crypto/sign.h"
#include "core/history/export_intent.h"
#include "testing/seeded_random.h"
#include "testing/temp_dir.h"

namespace countersign::server {
namespace {

constexpr crypto::PasswordCost kCheap{.passes = 1, .memory_bytes = 64 * 1024};

struct Signing : ::testing::Test {
  testing::TempDir dir;
  testing::SeededRandom random;
  KeyPlace place{path("key.json"), write("passphrase", "correct horse battery\n"), kCheap};
  std::string public_key = *make_signer_key(place, random);
  std::vector<std::string> shown;

  std::string path(const std::string& name) { return (dir.path() / name).string(); }
  std::string write(const std::string& name, std::string_view text) {
    std::ofstream(path(name)) << text;
    return path(name);
  }
  Result<std::string> sign(std::string_view text) {
    return sign_text(place, write("text", text), [&](const std::string& words) { shown.push_back(words); });
  }
};

TEST_F(Signing, SignsTheTextWithoutItsLineFeedAndSaysWhatItMeans) {
  const std::string veto = history::export_veto("ex_2", "00ff");
  const auto key = crypto::Es256PublicKey::from_point(*codec::from_base64(codec::Base64::url, public_key));
  ASSERT_TRUE(key);
  for (const std::string& text : {veto, veto + "\n"}) {
    const auto signature = sign(text);
    ASSERT_TRUE(signature) << signature.error().what;
    EXPECT_TRUE(key->verify(bytes_of(veto), *codec::from_base64(codec::Base64::url, *signature)));
  }
  EXPECT_EQ(shown, std::vector<std::string>(2, "that the export ex_2 is stopped"));
}

TEST_F(Signing, SignsNothingElse) {
  for (const std::string& text : {std::string(), std::string("a contract"), std::string(20'000, 'a'),
                                  history::export_veto("ex_2", "00ff") + "\n\n"}) {
    EXPECT_EQ(sign(text).error().code, Errc::refused) << text.size();
  }
  EXPECT_TRUE(shown.empty());
  EXPECT_EQ(sign_text(place, path("none"), [](const std::string&) {}).error().code, Errc::not_found);
}

TEST_F(Signing, KeepsItsKeyFromOthersAndOverwritesNone) {
  struct stat about{};
  ASSERT_EQ(::stat(place.file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777u, 0600u);
  EXPECT_EQ(make_signer_key(place, random).error().code, Errc::conflict);
  write("passphrase", "another passphrase\n");
  EXPECT_EQ(sign(history::export_veto("ex_2", "00ff")).error().code, Errc::refused);
  place.file = path("none");
  EXPECT_EQ(sign(history::export_veto("ex_2", "00ff")).error().code, Errc::not_found);
}

}  // namespace
}  // namespace countersign::server
