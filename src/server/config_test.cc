#include "server/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "testing/source_dir.h"

namespace countersign::server {
namespace {

std::string refusal(std::string_view text) {
  Config config;
  const Result<void> read = read_config(config, text, "c.toml");
  if (read) return "accepted";
  EXPECT_EQ(read.error().code, Errc::malformed);
  return read.error().what;
}

TEST(Config, AnEmptyFileGivesTheDefaults) {
  Config config;
  ASSERT_TRUE(read_config(config, "", "c.toml"));
  EXPECT_EQ(*config.connections, 10'000);
  EXPECT_EQ(*config.listen, std::vector<std::string>{"127.0.0.1:8443"});
}

TEST(Config, ReadsValuesOfEachKind) {
  Config config;
  ASSERT_TRUE(read_config(config,
                          "listen = [\"0.0.0.0:443\", \"[::]:443\"]\nlog_level = \"error\"\n[limits]\nidle_s = 5\n",
                          "c.toml"));
  EXPECT_EQ(*config.listen, (std::vector<std::string>{"0.0.0.0:443", "[::]:443"}));
  EXPECT_EQ(*config.log_level, "error");
  EXPECT_EQ(*config.idle_s, 5);
}

TEST(Config, NamesLineAndKeyOfAnUnknownKey) {
  EXPECT_TRUE(refusal("\n\n[limits]\nidel_s = 5\n").starts_with("c.toml:4: limits.idel_s: "));
}

TEST(Config, NamesLineAndKeyOfAnUnknownTable) {
  EXPECT_TRUE(refusal("workers = 1\n[limit]\nidle_s = 5\n").starts_with("c.toml:2: limit: "));
}

TEST(Config, NamesLineAndKeyOfAWrongType) {
  EXPECT_TRUE(refusal("workers = \"2\"\n").starts_with("c.toml:1: workers: must be a whole number"));
  EXPECT_TRUE(refusal("workers = 2.0\n").starts_with("c.toml:1: workers: must be a whole number"));
  EXPECT_TRUE(refusal("listen = \"a:1\"\n").starts_with("c.toml:1: listen: must be a list"));
  EXPECT_TRUE(refusal("data = 1\n").starts_with("c.toml:1: data: must be a text"));
  EXPECT_TRUE(refusal("limits = 3\n").starts_with("c.toml:1: limits: "));
}

TEST(Config, NamesLineAndRangeOfAValueOutOfRange) {
  EXPECT_EQ(refusal("[push]\nlifetime_s = 9\n"), "c.toml:2: push.lifetime_s: out of range, allowed is 10 to 600");
  EXPECT_EQ(refusal("log_level = \"loud\"\n"), "c.toml:1: log_level: must be one of info, warn, error");
}

TEST(Config, NamesTheLineThatIsNoToml) { EXPECT_TRUE(refusal("workers = 1\n= 3\n").starts_with("c.toml:2: not TOML")); }

TEST(Config, WantsCertificateAndKeyTogether) {
  EXPECT_NE(refusal("[tls]\nkey = \"k.pem\"\n").find("go together"), std::string::npos);
}

TEST(Config, RefusesAPushServiceOrContactOfAnotherForm) {
  const std::string elsewhere = refusal("[push]\nservices = [\"http://push.example.org\"]\n");
  EXPECT_NE(elsewhere.find("push.services: http://push.example.org: "), std::string::npos);
  EXPECT_NE(refusal("[push]\ncontact = \"ops@example.org\"\n").find("push.contact: "), std::string::npos);
  EXPECT_EQ(refusal("[push]\nservices = [\"http://127.0.0.1:9100\"]\n"), "accepted");
  EXPECT_EQ(refusal("[push]\ncontact = \"mailto:ops@example.org\"\n"), "accepted");
}

TEST(Config, RefusesADatabaseOfAnotherKind) {
  EXPECT_NE(refusal("database = \"mysql://x\"\n").find("database: "), std::string::npos);
}

TEST(Config, RefusesAPasswordInTheFile) {
  EXPECT_NE(refusal("database = \"postgresql://u:secret@h/d\"\n").find("database_file"), std::string::npos);
  EXPECT_EQ(refusal("database = \"postgresql://u@h:5432/d\"\n"), "accepted");
}

TEST(Config, EveryDefaultIsAllowedAndEveryMeaningIsASentence) {
  const Config config;
  for (const Setting* s : config.all()) {
    EXPECT_TRUE(s->meaning().ends_with('.')) << s->key();
    const std::size_t dot = s->key().find('.');
    const std::string text = dot == std::string_view::npos
                                 ? std::string(s->key()) + " = " + s->shown()
                                 : "[" + std::string(s->key().substr(0, dot)) + "]\n" +
                                       std::string(s->key().substr(dot + 1)) + " = " + s->shown();
    EXPECT_EQ(refusal(text), "accepted");
  }
}

TEST(Config, TheManualIsTheOneOfTheSettings) {
  const std::string path = testing::source_dir() / "docs/reference/config.md";
  if (std::getenv("UPDATE_DOCS") != nullptr) std::ofstream(path, std::ios::binary) << config_manual();
  std::ifstream in(path, std::ios::binary);
  std::ostringstream there;
  there << in.rdbuf();
  EXPECT_EQ(there.str(), config_manual()) << "run again with UPDATE_DOCS=1";
}

}  // namespace
}  // namespace countersign::server
