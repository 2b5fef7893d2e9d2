// A PostgreSQL server of the test's own: a cluster in a temporary folder, on a Unix socket there, without fsync.
#pragma once

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "testing/temp_dir.h"

namespace countersign::testing {

class PostgresCluster {
  TempDir dir_;
  std::filesystem::path bin_;
  uid_t uid_ = ::getuid();
  gid_t gid_ = ::getgid();
  pid_t server_ = 0;
  std::thread log_;

  // Starts a program as an ordinary user (PostgreSQL refuses root); its error output comes in at `*errors`.
  pid_t spawn(std::vector<std::string> words, int* errors) {
    int pipe_ends[2];
    if (::pipe2(pipe_ends, O_CLOEXEC) != 0) std::abort();
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(pipe_ends[1], 1);
      ::dup2(pipe_ends[1], 2);
      if (::getuid() == 0 && (::setgid(gid_) != 0 || ::setuid(uid_) != 0)) ::_exit(126);
      ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // never outlives the test, however that ends
      if (::getppid() != parent || ::chdir(dir_.path().c_str()) != 0) ::_exit(126);
      std::vector<char*> argv;
      for (std::string& word : words) argv.push_back(word.data());
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(pipe_ends[1]);
    *errors = pipe_ends[0];
    return child;
  }

  // Reads until `wanted` or the end; what was read.
  static std::string read_until(int fd, std::string_view wanted) {
    std::string text;
    char buffer[4096];
    for (ssize_t n; text.find(wanted) == text.npos && (n = ::read(fd, buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(n));
    }
    return text;
  }

 public:
  PostgresCluster() = default;
  PostgresCluster(const PostgresCluster&) = delete;
  PostgresCluster& operator=(const PostgresCluster&) = delete;
  ~PostgresCluster() { kill(); }

  // Why there can be none here; empty when the cluster is made (and not started yet).
  std::string make() {
    std::error_code none;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
      if (std::filesystem::exists(version.path() / "bin/initdb")) bin_ = version.path() / "bin";
    }
    if (bin_.empty()) return "PostgreSQL's server is not installed";
    if (uid_ == 0) {
      const passwd* user = ::getpwnam("postgres");
      if (user == nullptr) user = ::getpwnam("nobody");
      if (user == nullptr) return "there is no ordinary user to run PostgreSQL as";
      uid_ = user->pw_uid;
      gid_ = user->pw_gid;
      if (::chown(dir_.path().c_str(), uid_, gid_) != 0) return "cannot give the folder away";
    }
    int errors = -1;
    const pid_t child = spawn({bin_ / "initdb", "-D", data(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                               "--locale=C", "--no-sync"}, &errors);
    const std::string said = read_until(errors, std::string(1, '\0'));
    ::close(errors);
    int status = 0;
    ::waitpid(child, &status, 0);
    return status == 0 ? "" : "initdb failed: " + said;
  }

  // Why it does not run; empty when it answers. `fsync` "on": durable, for measuring.
  std::string start(const std::string& fsync = "off") {
    int errors = -1;
    server_ = spawn({bin_ / "postgres", "-D", data(), "-k", dir_.path(), "-c", "listen_addresses=", "-c", "fsync=" + fsync,
                     "-c", "shared_buffers=32MB", "-c", "max_connections=60"}, &errors);
    const std::string said = read_until(errors, "ready to accept connections");
    if (said.find("ready to accept connections") == said.npos) {
      ::close(errors);
      kill();
      return "PostgreSQL does not start: " + said;
    }
    log_ = std::thread([errors] {
      char buffer[4096];
      while (::read(errors, buffer, sizeof buffer) > 0) {
      }
      ::close(errors);
    });
    return "";
  }

  // The server ends at once, as in a crash.
  void kill() {
    if (server_ != 0) {
      ::kill(server_, SIGCONT);
      ::kill(server_, SIGQUIT);
      ::waitpid(server_, nullptr, 0);
      server_ = 0;
    }
    if (log_.joinable()) log_.join();
  }

  std::string data() const { return dir_.path() / "data"; }
  pid_t pid() const { return server_; }
  std::string url(const std::string& database) const {
    return "postgresql:///" + database + "?user=postgres&host=" + dir_.path().string();
  }
};

}  // namespace countersign::testing
