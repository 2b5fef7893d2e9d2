#include "net/control_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <future>
#include <vector>

#include "net/control_client.h"
#include "testing/certificate.h"

namespace countersign::net {
namespace {

using testing::ScratchFolder;

void say_back(std::string_view line, LineWriter& out, LineReader&) { (void)out.write("you said " + std::string(line)); }

std::string ask(ControlClient& client, std::string_view line) {
  if (!client.send(line)) return "not sent";
  const auto answer = client.next();
  if (!answer) return name(answer.error().code);
  return answer->value_or("the end");
}

TEST(ControlSocket, AnswersLinesInTurn) {
  const ScratchFolder folder;
  const auto socket = ControlSocket::open(folder / "control.sock", say_back);
  ASSERT_TRUE(socket);
  auto client = ControlClient::connect(folder / "control.sock");
  ASSERT_TRUE(client);
  EXPECT_EQ(ask(*client, "one"), "you said one");
  EXPECT_EQ(ask(*client, "two"), "you said two");
  client->finish();
  EXPECT_EQ(client->next()->has_value(), false);
}

TEST(ControlSocket, LetsAHandlerReadFurtherLines) {
  const ScratchFolder folder;
  const auto count = [](std::string_view, LineWriter& out, LineReader& in) {
    int lines = 0;
    for (auto line = in.next(); line && line->has_value() && **line != "."; line = in.next()) ++lines;
    (void)out.write(std::to_string(lines));
  };
  const auto socket = ControlSocket::open(folder / "control.sock", count);
  ASSERT_TRUE(socket);
  auto client = ControlClient::connect(folder / "control.sock");
  ASSERT_TRUE(client);
  for (const char* line : {"import", "a", "b", "c"}) ASSERT_TRUE(client->send(line));
  EXPECT_EQ(ask(*client, "."), "3");
}

TEST(ControlSocket, IsForItsOwnerOnly) {
  const ScratchFolder folder;
  const auto socket = ControlSocket::open(folder / "control.sock", say_back);
  ASSERT_TRUE(socket);
  struct stat found {};
  ASSERT_EQ(::stat((folder / "control.sock").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST(ControlSocket, RefusesASecondServer) {
  const ScratchFolder folder;
  const auto first = ControlSocket::open(folder / "control.sock", say_back);
  ASSERT_TRUE(first);
  const auto second = ControlSocket::open(folder / "control.sock", say_back);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
  auto client = ControlClient::connect(folder / "control.sock");
  ASSERT_TRUE(client);
  EXPECT_EQ(ask(*client, "still there"), "you said still there");
}

TEST(ControlSocket, ReplacesASocketThatNobodyListensOn) {
  const ScratchFolder folder;
  const std::string path = folder / "control.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(stale, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(stale);
  const auto socket = ControlSocket::open(path, say_back);
  ASSERT_TRUE(socket);
  EXPECT_TRUE(ControlClient::connect(path));
}

TEST(ControlSocket, LeavesAFileThatIsNoSocket) {
  const ScratchFolder folder;
  std::ofstream(folder / "control.sock") << "precious";
  const auto socket = ControlSocket::open(folder / "control.sock", say_back);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, Errc::conflict);
  EXPECT_TRUE(std::filesystem::exists(folder / "control.sock"));
}

TEST(ControlSocket, SaysWhenTheFolderIsMissing) {
  const ScratchFolder folder;
  const auto socket = ControlSocket::open(folder / "none/control.sock", say_back);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, Errc::not_found);
}

TEST(ControlSocket, WorksUnderAPathLongerThanTheKernelTakes) {
  const ScratchFolder folder;
  const std::string deep = folder / std::string(120, 'd');
  std::filesystem::create_directory(deep);
  const auto socket = ControlSocket::open(deep + "/control.sock", say_back);
  ASSERT_TRUE(socket);
  auto client = ControlClient::connect(deep + "/control.sock");
  ASSERT_TRUE(client);
  EXPECT_EQ(ask(*client, "hello"), "you said hello");
}

TEST(ControlSocket, GoesWithItsOwner) {
  const ScratchFolder folder;
  auto socket = ControlSocket::open(folder / "control.sock", say_back);
  ASSERT_TRUE(socket);
  auto client = ControlClient::connect(folder / "control.sock");
  ASSERT_TRUE(client);
  EXPECT_EQ(ask(*client, "hello"), "you said hello");
  socket->reset();
  EXPECT_EQ(client->next()->has_value(), false);
  const auto late = ControlClient::connect(folder / "control.sock");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::unavailable);
}

TEST(ControlSocket, EndsAConnectionWhoseLineIsTooLong) {
  const ScratchFolder folder;
  const auto socket = ControlSocket::open(folder / "control.sock", say_back);
  ASSERT_TRUE(socket);
  auto client = ControlClient::connect(folder / "control.sock");
  ASSERT_TRUE(client);
  EXPECT_EQ(client->send(std::string(kLineMax + 1, 'x')).error().code, Errc::malformed);
  EXPECT_EQ(ask(*client, std::string(kLineMax - 9, 'x')).size(), kLineMax);
}

TEST(ControlSocket, ServesTheSeventeenthWhenAnotherHasLeft) {
  const ScratchFolder folder;
  const auto socket = ControlSocket::open(folder / "control.sock", say_back);
  ASSERT_TRUE(socket);
  std::vector<ControlClient> clients;
  for (std::size_t i = 0; i < kControlConnectionsMax; ++i) {
    clients.push_back(*ControlClient::connect(folder / "control.sock"));
    EXPECT_EQ(ask(clients.back(), "in"), "you said in");
  }
  auto next = ControlClient::connect(folder / "control.sock");
  ASSERT_TRUE(next);
  ASSERT_TRUE(next->send("me too"));
  clients.pop_back();
  EXPECT_EQ(**next->next(), "you said me too");
}

TEST(ControlSocket, SurvivesAHandlerThatThrows) {
  const ScratchFolder folder;
  const auto fail = [](std::string_view line, LineWriter& out, LineReader&) {
    if (line == "throw") throw std::runtime_error("no");
    (void)out.write("fine");
  };
  const auto socket = ControlSocket::open(folder / "control.sock", fail);
  ASSERT_TRUE(socket);
  auto first = ControlClient::connect(folder / "control.sock");
  EXPECT_EQ(ask(*first, "throw"), "the end");
  auto second = ControlClient::connect(folder / "control.sock");
  EXPECT_EQ(ask(*second, "hello"), "fine");
}

}  // namespace
}  // namespace countersign::net
