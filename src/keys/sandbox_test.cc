#include "keys/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "testing/temp_dir.h"

namespace countersign::keys {
namespace {

// Runs `act` in a child that is confined as keyd is; the answer is its exit code, 100 and more where confining failed.
template <class F>
int confined(const std::filesystem::path& keyring, F act) {
  const pid_t child = ::fork();
  if (child == 0) {
    Folder folder(keyring.string());
    if (!folder.prepare()) ::_exit(100);
    hide_memory();
    if (!give_up_root(folder)) ::_exit(101);
    const Result<bool> files = confine_files(folder);
    if (!files || !*files) ::_exit(102);
    if (!confine_calls(folder, Reach::keyring)) ::_exit(103);
    ::_exit(act(folder));
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 200 + WTERMSIG(status);
}

class Sandbox : public ::testing::Test {
 protected:
  testing::TempDir temporary;
  const std::filesystem::path keyring = temporary.path() / "keyring";
  const std::filesystem::path outside = temporary.path() / "outside";

  void SetUp() override {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    GTEST_SKIP() << "sanitizers need what a confined process may not have";
#endif
#endif
    std::ofstream(outside) << "x";
    std::filesystem::permissions(outside, std::filesystem::perms(0666));
    std::filesystem::permissions(temporary.path(), std::filesystem::perms(0777));
  }
};

TEST_F(Sandbox, WorksInTheKeyring) {
  EXPECT_EQ(confined(keyring,
                     [](Folder& folder) {
                       const auto lock = folder.lock(Folder::For::writing);
                       if (!lock) return 1;
                       if (!folder.replace("a.keys", Bytes(100, 1))) return 2;
                       if (!folder.replace("a.keys", Bytes(100, 2))) return 3;
                       const auto file = folder.open("a.keys");
                       if (!file || *file->read(0, 100) != Bytes(100, 2)) return 4;
                       if (!file->append(100, Bytes(10)) || !file->cut(100)) return 5;
                       const auto names = folder.names();
                       return names && names->size() == 4 ? 0 : 6;
                     }),
            0);
}

TEST_F(Sandbox, OpensNoFileOutside) {
  const std::string path = outside.string();
  EXPECT_EQ(confined(keyring,
                     [&](Folder& folder) {
                       if (::open(path.c_str(), O_RDONLY) >= 0 || errno != EPERM) return 1;
                       if (::openat(folder.fd(), path.c_str(), O_RDONLY) >= 0 || errno != EACCES) return 2;
                       if (::openat(folder.fd(), "../outside", O_RDONLY) >= 0 || errno != EACCES) return 3;
                       if (::openat(folder.fd(), "../new", O_CREAT | O_RDWR, 0600) >= 0 || errno != EACCES) return 4;
                       if (::unlinkat(folder.fd(), "../outside", 0) == 0) return 5;
                       if (::renameat(folder.fd(), "lock", AT_FDCWD, "/tmp/taken") == 0) return 6;
                       if (::openat(folder.fd(), "/proc/self/mem", O_RDWR) >= 0) return 7;
                       return 0;
                     }),
            0);
  EXPECT_TRUE(std::filesystem::exists(outside));
}

TEST_F(Sandbox, HasNoNetwork) {
  EXPECT_EQ(confined(keyring,
                     [](Folder&) {
                       for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK}) {
                         if (::socket(family, SOCK_STREAM, 0) >= 0 || errno != EPERM) return 1;
                       }
                       int pair[2];
                       if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) return 2;
                       if (::connect(0, nullptr, 0) == 0 || errno != EPERM) return 3;
                       if (::bind(0, nullptr, 0) == 0 || errno != EPERM) return 4;
                       return 0;
                     }),
            0);
}

TEST_F(Sandbox, StartsNoProgramAndDebugsNobody) {
  EXPECT_EQ(confined(keyring,
                     [](Folder&) {
                       char program[] = "/bin/true";
                       char* const words[] = {program, nullptr};
                       if (::execv(program, words) == 0 || errno != EPERM) return 1;
                       if (::fork() >= 0 || errno != EPERM) return 2;
                       if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 || errno != EPERM) return 3;
                       if (::syscall(SYS_process_vm_readv, ::getpid(), nullptr, 0, nullptr, 0, 0) >= 0) return 4;
                       if (::kill(::getppid(), 0) == 0 || errno != EPERM) return 5;
                       return 0;
                     }),
            0);
}

TEST_F(Sandbox, MakesNoMemoryExecutable) {
  EXPECT_EQ(
      confined(keyring,
               [](Folder&) {
                 if (::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) {
                   return 1;
                 }
                 void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                 if (page == MAP_FAILED) return 2;
                 return ::mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? 3 : 0;
               }),
      0);
}

TEST_F(Sandbox, IsNobodySpecialAndStaysSo) {
  EXPECT_EQ(confined(keyring,
                     [](Folder&) {
                       if (::geteuid() == 0) return 1;
                       if (::syscall(SYS_setresuid, 0, 0, 0) == 0) return 2;
                       return 0;
                     }),
            0);
}

}  // namespace
}  // namespace countersign::keys
