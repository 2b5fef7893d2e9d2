// For tests: a token in software (SoftHSM) and a TPM in software (swtpm), each in a folder of its own, gone with the
// object.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace countersign::keys {

class PrivateFolder {
  std::filesystem::path path_;

 public:
  PrivateFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "cs-root-XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    path_ = name;
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  ~PrivateFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name)) << text;
    std::filesystem::permissions(file(name), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file(name);
  }
};

// Starts a command, its words going nowhere. 0: it could not be started.
inline pid_t started(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  for (const int fd : {1, 2}) posix_spawn_file_actions_addopen(&quiet, fd, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const bool spawned = ::posix_spawnp(&child, argv[0], &quiet, nullptr, argv.data(), environ) == 0;
  posix_spawn_file_actions_destroy(&quiet);
  return spawned ? child : 0;
}

// Runs a command to its end. True: exit code 0.
inline bool ran(std::vector<std::string> words) {
  const pid_t child = started(std::move(words));
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// One token named "countersign". PKCS#11 drivers find SoftHSM's folder by an environment variable: one at a time.
class SoftToken {
  PrivateFolder folder_;
  static constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";

 public:
  static bool is_here() {
    return std::filesystem::exists(kModule) && ran({"softhsm2-util", "--version"}) && ran({"which", "pkcs11-tool"});
  }

  SoftToken() {
    std::filesystem::create_directory(folder_.file("tokens"));
    folder_.write("softhsm.conf", "directories.tokendir = " + folder_.file("tokens") + "\nlog.level = ERROR\n");
    plug_in();
    folder_.write("pin", "493817\n");
    made_ = ran({"softhsm2-util", "--init-token", "--free", "--label", "countersign", "--pin", "493817", "--so-pin",
                 "80215577"});
  }
  ~SoftToken() { ::unsetenv("SOFTHSM2_CONF"); }

  bool made() const { return made_; }
  void plug_in() const { ::setenv("SOFTHSM2_CONF", folder_.file("softhsm.conf").c_str(), 1); }
  // "rsa:2048", "EC:prime256v1": a pair whose private half never leaves the token.
  // An id of its own, by which a driver finds the public half of a key on a curve.
  bool make_key(const std::string& label, const std::string& sort, const std::string& use) {
    const std::string id = "0" + std::to_string(++keys_);
    return ran({"pkcs11-tool", "--module", kModule, "--token-label", "countersign", "--login", "--pin", "493817",
                "--keypairgen", "--key-type", sort, "--label", label, "--id", id, "--sensitive", use});
  }
  std::string uri(const std::string& object) const { return uri("countersign", object, folder_.file("pin")); }
  static std::string uri(const std::string& token, const std::string& object, const std::string& pin_file) {
    return "pkcs11:token=" + token + ";object=" + object + "?module-path=" + kModule + "&pin-source=" + pin_file;
  }

 private:
  bool made_ = false;
  int keys_ = 0;
};

class SoftTpm {
  PrivateFolder folder_;
  pid_t process_ = 0;

 public:
  static bool is_here() { return ran({"which", "swtpm"}); }

  SoftTpm() { start(); }
  SoftTpm(const SoftTpm&) = delete;
  SoftTpm& operator=(const SoftTpm&) = delete;
  ~SoftTpm() { stop(); }

  bool made() const { return process_ > 0; }
  std::string uri() const { return "tpm2:swtpm:path=" + folder_.file("socket"); }

  // Back when it answers: the file with its id is written last.
  void start() {
    const std::string socket = folder_.file("socket"), id = folder_.file("pid");
    std::filesystem::remove(id);
    process_ = started({"swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + folder_.file(""), "--server",
                        "type=unixio,path=" + socket, "--ctrl", "type=unixio,path=" + socket + ".ctrl", "--flags",
                        "not-need-init,startup-clear", "--pid", "file=" + id});
    while (process_ > 0 && !std::filesystem::exists(id)) {
      if (::waitpid(process_, nullptr, WNOHANG) == process_) process_ = 0;
      ::sched_yield();
    }
  }
  void stop() {
    if (process_ <= 0) return;
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }
};

}  // namespace countersign::keys
