#include "keys/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/time.h>
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

class Ends {
  std::vector<int> fds_;

 public:
  Ends() = default;
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  ~Ends() {
    for (const int fd : fds_) ::close(fd);
  }
  void add(int fd) { fds_.push_back(fd); }
  const std::vector<int>& all() const { return fds_; }
  std::vector<int> release() { return std::exchange(fds_, {}); }
};

Result<void> make_pair(Ends& ours, Ends& theirs) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return failed("socketpair");
  ours.add(pair[0]);
  theirs.add(pair[1]);
  const timeval wait{kAnswerWait.count(), 0};
  if (::setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0) return failed("setsockopt");
  return {};
}

Result<void> send_lanes(int control, const std::vector<int>& lanes) {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int) * kLanes)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * kLanes);
  std::memcpy(CMSG_DATA(header), lanes.data(), sizeof(int) * kLanes);
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

Child::Child(pid_t process, int control, std::vector<int> lanes) : process_(process), control_(control) {
  for (const int socket : lanes) {
    lanes_.push_back(std::make_unique<Lane>());
    lanes_.back()->socket = socket;
    free_.push_back(lanes_.back().get());
  }
}

Child::~Child() {
  ::close(control_);
  for (const auto& lane : lanes_) ::close(lane->socket);
}

Result<std::shared_ptr<Child>> Child::spawn(const std::string& program, const KeydOrder& order) {
  Ends ours, theirs, control, their_control;
  TRY(make_pair(control, their_control));
  for (std::size_t i = 0; i < kLanes; ++i) TRY(make_pair(ours, theirs));
  TRY(send_lanes(control.all().front(), theirs.all()));
  const pid_t process = TRY(run(program, order, their_control.all().front()));
  return std::shared_ptr<Child>(new Child(process, control.release().front(), ours.release()));
}

Result<std::string> Child::wait_until_ready() {
  FrameReader in;
  const Result<std::optional<ByteView>> answer = in.read(control_);
  if (!answer) return answer.error();
  if (!*answer) return Error{Errc::unavailable, "the keys' process ended before it was ready"};
  return get_answer<std::string>(**answer);
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
  lane_->in.wipe();
  lane_->out.wipe();
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
  freed_.notify_all();
}

}  // namespace countersign::keys
