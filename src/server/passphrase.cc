#include "server/passphrase.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <fstream>
#include <string_view>

#include "core/crypto/equal.h"

namespace countersign::server {
namespace {

// The terminal itself, whatever stdin is; its echo comes back with the end of this.
class Terminal {
  int at_;
  termios before_{};

 public:
  Terminal() : at_(::open("/dev/tty", O_RDWR | O_CLOEXEC)) {
    if (at_ < 0 || ::tcgetattr(at_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(at_, TCSAFLUSH, &quiet);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (at_ < 0) return;
    ::tcsetattr(at_, TCSAFLUSH, &before_);
    ::close(at_);
  }

  Result<Secret> ask(std::string_view prompt) {
    if (at_ < 0) return Error{Errc::unavailable, "there is no terminal to ask at; use --passphrase-file"};
    std::string line(kPassphraseMax + 2, '\0');
    const ssize_t said = ::write(at_, prompt.data(), prompt.size());
    const ssize_t got = said < 0 ? -1 : ::read(at_, line.data(), line.size());
    if (::write(at_, "\n", 1) < 0 || got < 0) return Error{Errc::unavailable, "the terminal cannot be read"};
    line.resize(static_cast<std::size_t>(got));
    while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
    return Secret(std::move(line));
  }
};

Result<Secret> from_file(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  if (!in || !std::getline(in, line)) return Error{Errc::unavailable, file + ": no passphrase can be read there"};
  if (line.ends_with('\r')) line.pop_back();
  return Secret(std::move(line));
}

Result<Secret> from_terminal(Passphrase which) {
  Terminal terminal;
  Secret first = TRY(terminal.ask("Passphrase: "));
  if (which == Passphrase::known) return first;
  const Secret second = TRY(terminal.ask("The same again: "));
  if (!crypto::equal(first.reveal_bytes(), second.reveal_bytes())) {
    return Error{Errc::malformed, "that was not the same twice"};
  }
  return first;
}

}  // namespace

Result<Secret> passphrase(const std::string& file, Passphrase which) {
  Secret given = TRY(file.empty() ? from_terminal(which) : from_file(file));
  if (given.size() > kPassphraseMax) return Error{Errc::malformed, "a passphrase has at most 1024 bytes"};
  const std::size_t least = which == Passphrase::made ? kPassphraseMin : 1;
  if (given.size() < least) {
    return Error{Errc::malformed, "a passphrase has at least " + std::to_string(least) + " characters"};
  }
  return given;
}

}  // namespace countersign::server
