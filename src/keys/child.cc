#include "keys/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace countersign::keys {
namespace {

Error failed(const char* what) {
  return {Errc::unavailable, std::string("the keys' process cannot be started: ") + what + ": " + std::strerror(errno)};
}

// A socket by which each side sees that the other has gone.
class Ends {
  int fds_[2] = {-1, -1};

 public:
  Ends() = default;
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  ~Ends() {
    for (const int fd : fds_) {
      if (fd >= 0) ::close(fd);
    }
  }
  Result<void> make() {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds_) != 0) return failed("socketpair");
    return {};
  }
  int ours() const { return fds_[0]; }
  int theirs() const { return fds_[1]; }
  int take_ours() { return std::exchange(fds_[0], -1); }
};

Result<void> send_lanes(int control, const LaneMemory& lanes) {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = lanes.fd();
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (::sendmsg(control, &message, MSG_NOSIGNAL) != 1) return failed("sendmsg");
  return {};
}

// posix_spawn() makes the process as vfork() does: a threaded process is never copied and run on.
Result<pid_t> run(const std::string& program, const KeydOrder& order, int control) {
  std::vector<std::string> words = {"countersign", "keyd"};
  for (std::string& word : keyd_words(order)) words.push_back(std::move(word));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, control, kKeydSocket);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t process = 0;
  errno = ::posix_spawn(&process, program.c_str(), &actions, &attributes, arguments.data(), environ);
  const bool spawned = errno == 0;
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (!spawned) return failed("posix_spawn");
  return process;
}

std::string how_it_ended(const siginfo_t& end) {
  if (end.si_code == CLD_EXITED) return "exit code " + std::to_string(end.si_status);
  return "signal " + std::to_string(end.si_status);
}

}  // namespace

Child::Child(pid_t process, int control, LaneMemory memory)
    : process_(process), control_(control), memory_(std::move(memory)) {
  const auto waits_on = [this](std::chrono::milliseconds waited) { return waited < kAnswerWait && is_there(); };
  for (std::size_t i = 0; i < kLanes; ++i) {
    lanes_.push_back(std::make_unique<Lane>(memory_.window(i), Side::serve, waits_on));
    free_.push_back(lanes_.back().get());
  }
}

Child::~Child() { ::close(control_); }

Result<std::shared_ptr<Child>> Child::spawn(const std::string& program, const KeydOrder& order) {
  Ends control;
  TRY(control.make());
  LaneMemory memory = TRY(LaneMemory::make());
  Lane(memory.window(0), Side::keyd, {}).begin();  // says when it is ready
  TRY(send_lanes(control.ours(), memory));
  const pid_t process = TRY(run(program, order, control.theirs()));
  return std::shared_ptr<Child>(new Child(process, control.take_ours(), std::move(memory)));
}

Result<std::string> Child::wait_until_ready() {
  const Result<ByteView> answer = lanes_.front()->receive();
  if (!answer) return Error{Errc::unavailable, "the keys' process ended before it was ready"};
  return get_answer<std::string>(*answer);
}

bool Child::is_there() {
  const std::lock_guard lock(mutex_);
  siginfo_t end{};
  return !dead_ && ::waitid(P_PID, static_cast<id_t>(process_), &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         end.si_pid == 0;
}

// Whoever waits for an answer hears that none will come.
void Child::end_lanes() {
  for (const auto& lane : lanes_) lane->close();
}

std::string Child::wait_until_dead() {
  siginfo_t end{};
  // Left unreaped until kill() knows, so that its number cannot be somebody else's by then.
  while (::waitid(P_PID, static_cast<id_t>(process_), &end, WEXITED | WNOWAIT) != 0 && errno == EINTR) continue;
  {
    const std::lock_guard lock(mutex_);
    dead_ = reaped_ = true;
    ::waitid(P_PID, static_cast<id_t>(process_), &end, WEXITED);
  }
  end_lanes();
  freed_.notify_all();
  return how_it_ended(end);
}

void Child::kill() {
  const std::lock_guard lock(mutex_);
  if (!reaped_) ::kill(process_, SIGKILL);
}

Child::Lease Child::lease() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [this] { return dead_ || retired_ || !free_.empty(); });
  if (dead_ || retired_) return Lease(*this, nullptr);
  Lane* lane = free_.back();  // the one used last: its memory is warm on both sides
  free_.pop_back();
  return Lease(*this, lane);
}

Child::Lease::~Lease() {
  if (!lane_) return;
  lane_->wipe();
  {
    const std::lock_guard lock(of_.mutex_);
    of_.free_.push_back(lane_);
  }
  of_.freed_.notify_one();  // where retire() waits, nobody waits for a lane
}

void Child::retire() {
  std::unique_lock lock(mutex_);
  retired_ = true;
  freed_.notify_all();
  freed_.wait_for(lock, kAnswerWait, [this] { return dead_ || free_.size() == lanes_.size(); });
  if (!reaped_) ::kill(process_, SIGKILL);
}

void Child::give_up() {
  {
    const std::lock_guard lock(mutex_);
    dead_ = true;
    if (!reaped_) ::kill(process_, SIGKILL);
  }
  end_lanes();
  freed_.notify_all();
}

}  // namespace countersign::keys
