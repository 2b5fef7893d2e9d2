#include "server/certificates.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/crypto/x509.h"
#include "net/tls.h"
#include "store/history.h"
#include "testing/small_world.h"

namespace countersign::server {
namespace {

using std::chrono::days;

std::string text_of_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// A data directory that goes with the test.
struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() /
                               ("countersign-certificates-" + std::to_string(::getpid()) + "-" +
                                ::testing::UnitTest::GetInstance()->current_test_info()->name());
  DataDir dir = *DataDir::open(path);
  ~Folder() { std::filesystem::remove_all(path); }
};

struct Certificates : ::testing::Test {
  Certificates() { world.clock.set(from_unix_s(1'767'225'600)); }  // 2026, when certificates are of this form

  testing::SmallWorld world;
  Folder folder;

  Result<Leaf> prepare(const DataDir& dir, const std::vector<std::string>& names = {}) {
    return prepare_certificates({*world.store, *world.keys, world.clock, world.random}, dir, names);
  }
  crypto::CertificateNames names() { return crypto::read_certificate(text_of_file(folder.dir.file("tls.pem")))->names; }
};

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

TEST_F(Certificates, TheLeafStandsForThisHostInEveryWayClientsLook) {
  ASSERT_TRUE(prepare(folder.dir, {"mfa.example.com", "192.0.2.7"}));
  EXPECT_TRUE(has(names().dns, "localhost"));
  EXPECT_TRUE(has(names().dns, "127.0.0.1"));
  EXPECT_TRUE(has(names().dns, "mfa.example.com"));
  EXPECT_TRUE(has(names().dns, "192.0.2.7"));
  EXPECT_TRUE(has(names().ip, "127.0.0.1"));
  EXPECT_TRUE(has(names().ip, "::1"));
  EXPECT_TRUE(has(names().ip, "192.0.2.7"));
}

TEST_F(Certificates, TheFilesLoadAndTheKeyIsTheOwnersAlone) {
  ASSERT_TRUE(prepare(folder.dir));
  EXPECT_TRUE(net::TlsContext::load(folder.dir.file("tls.pem"), folder.dir.file("tls.pem")));
  struct stat seen {};
  ASSERT_EQ(::stat(folder.dir.file("tls.pem").c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777, 0600u);
}

TEST_F(Certificates, ALeafIsKeptUntilItIsNearItsEnd) {
  EXPECT_EQ(*prepare(folder.dir), Leaf::made);
  EXPECT_EQ(*prepare(folder.dir), Leaf::kept);
  world.clock.advance(days(330));
  EXPECT_EQ(*prepare(folder.dir), Leaf::kept);
  world.clock.advance(days(10));
  EXPECT_EQ(*prepare(folder.dir), Leaf::made);
  EXPECT_EQ(*prepare(folder.dir), Leaf::kept);
}

TEST_F(Certificates, OtherNamesMakeAnotherLeafOfTheSameCa) {
  ASSERT_TRUE(prepare(folder.dir));
  const std::string ca = text_of_file(folder.dir.file("ca.pem"));
  EXPECT_EQ(*prepare(folder.dir, {"mfa.example.com"}), Leaf::made);
  EXPECT_EQ(text_of_file(folder.dir.file("ca.pem")), ca);
}

TEST_F(Certificates, ADamagedLeafIsMadeAnew) {
  ASSERT_TRUE(prepare(folder.dir));
  std::ofstream(folder.dir.file("tls.pem"), std::ios::trunc) << "nothing";
  EXPECT_EQ(*prepare(folder.dir), Leaf::made);
}

TEST_F(Certificates, ASecondNodeHasTheSameCa) {
  ASSERT_TRUE(prepare(folder.dir));
  const auto path = folder.path.string() + "-2";
  {
    const DataDir second = *DataDir::open(path);
    ASSERT_TRUE(prepare(second));
    EXPECT_EQ(text_of_file(second.file("ca.pem")), text_of_file(folder.dir.file("ca.pem")));
  }
  std::filesystem::remove_all(path);
}

TEST_F(Certificates, TheCasKeyDoesNotStandInClearInTheDatabase) {
  ASSERT_TRUE(prepare(folder.dir));
  const auto stored = store::read(*world.store, [](store::Txn& txn) { return store::server_value(txn, "ca_key"); });
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ(text_of(**stored).find("PRIVATE KEY"), std::string_view::npos);
}

TEST_F(Certificates, AnotherRootKeyIsNamedAsTheReason) {
  ASSERT_TRUE(prepare(folder.dir));
  testing::SeededRandom other(2);
  ASSERT_TRUE(keys::LocalKeys::create(folder.dir.file("other.key"), other));
  const auto strange = *keys::LocalKeys::open(folder.dir.file("other.key"), other);
  const auto refused = prepare_certificates({*world.store, *strange, world.clock, world.random}, folder.dir, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::refused);
  EXPECT_NE(refused.error().what.find("root.key"), std::string::npos);
}

TEST_F(Certificates, ADirectoryIsHeldByOneAtATime) {
  const auto second = DataDir::open(folder.path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
  EXPECT_NE(second.error().what.find(std::to_string(::getpid())), std::string::npos);
}

TEST_F(Certificates, ADirectoryIsTheOwnersAloneAlsoWhenItWasNot) {
  const auto path = folder.path.string() + "-open";
  std::filesystem::create_directory(path);
  ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  { ASSERT_TRUE(DataDir::open(path)); }
  struct stat seen {};
  ASSERT_EQ(::stat(path.c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777, 0700u);
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace countersign::server
