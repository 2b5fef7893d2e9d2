#include "keys/keyd.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <latch>
#include <thread>

#include "keys/sandbox.h"

namespace countersign::keys {
namespace {

constexpr std::size_t kLaneStack = 512 * 1024;
constexpr const char *kRootWord = "--root-key", *kSourceWord = "--root-source", *kRingWord = "--keyring";
constexpr const char* kClerkWord = "--clerk";

// The lanes' memory, sent beside one byte.
Result<LaneMemory> receive_lanes(int socket) {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return Error{Errc::malformed, "no lanes came"};
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int))) {
    return Error{Errc::malformed, "no lanes came"};
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return LaneMemory::adopt(fd);
}

// A terminal's Ctrl-C and a manager's SIGTERM go to the whole group; keyd stays until serve has drained and gone.
void stay_for_serve() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_IGN);
}

// What was not to be had, for the operator's log.
std::string wanting(bool locked, bool files_confined) {
  std::string out;
  if (!locked) out += "its memory is not locked (raise LimitMEMLOCK); ";
  if (!files_confined) out += "the kernel has no Landlock; ";
  return out;
}

void answer_ready(const LaneMemory& lanes, const Result<std::string>& ready) {
  Lane first(lanes.window(0), Side::keyd, {});
  put_answer(first.message(), ready);
  static_cast<void>(first.send());
}

// The threads are there before system calls are confined, so that none needs to be made after.
Result<std::string> begin(const LaneMemory& lanes, const Desk& desk, Folder& keyring, std::latch& open) {
  const bool locked = hide_memory();
  bool files_confined = true;
  if (desk.office == Office::keyd) {
    TRY(give_up_root(keyring));
    files_confined = TRY(confine_files(keyring));
  }
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kLaneStack);
  pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
  std::latch there(kLanes);
  for (std::size_t i = 0; i < kLanes; ++i) {
    std::thread([&window = lanes.window(i), &desk, &open, &there] {
      there.count_down();  // what a thread asks of the kernel to begin with, it has
      open.wait();
      answer_lane(window, desk);
    }).detach();
  }
  there.wait();
  TRY(confine_calls(keyring, desk.office == Office::keyd ? Reach::keyring : Reach::files));
  return wanting(locked, files_confined);
}

}  // namespace

std::vector<std::string> keyd_words(const KeydOrder& order) {
  std::vector<std::string> out = {kRootWord, order.files.root_key, kSourceWord, order.files.root_source,
                                  kRingWord, order.files.keyring};
  if (order.office == Office::clerk) out.emplace_back(kClerkWord);
  return out;
}

Result<KeydOrder> read_keyd_words(const std::vector<std::string>& words) {
  const bool clerk = words.size() == 7 && words[6] == kClerkWord;
  if ((words.size() != 6 && !clerk) || words[0] != kRootWord || words[2] != kSourceWord || words[4] != kRingWord) {
    return Error{Errc::malformed, "keyd is started by `countersign serve`"};
  }
  return KeydOrder{{words[1], words[5], words[3]}, clerk ? Office::clerk : Office::keyd};
}

void answer_lane(Window& window, const Desk& desk) {
  Lane lane(window, Side::keyd, {});
  for (;;) {
    const Result<ByteView> question = lane.receive();
    if (!question) return lane.close();
    Writer& answer = lane.message();
    answer_question(desk, *question, answer);
    if (answer.view().size() > kMessageMax) {
      put_answer<void>(lane.message(), Error{Errc::exhausted, "an answer larger than 4 MiB"});
    }
    if (!lane.send()) return;
    lane.wipe();
  }
}

int run_keyd(const KeydOrder& order, Random& random, const Clock& clock) {
  stay_for_serve();
  ::umask(S_IRWXG | S_IRWXO);
  ::close_range(kKeydSocket + 1, ~0U, 0);
  const Result<LaneMemory> lanes = receive_lanes(kKeydSocket);
  if (!lanes) return 1;
  const Result<std::unique_ptr<LocalKeys>> keys = LocalKeys::open(order.files, random, clock);
  if (!keys) {
    answer_ready(*lanes, keys.error());
    return 1;
  }
  const Result<void> prepared = (*keys)->keyring().prepare();
  if (!prepared) {
    answer_ready(*lanes, prepared.error());
    return 1;
  }
  Budgets budgets;
  const Desk desk{order.office, **keys, budgets, clock};
  std::latch open{1};
  const Result<std::string> ready = begin(*lanes, desk, (*keys)->keyring().folder(), open);
  answer_ready(*lanes, ready);
  if (!ready) ::_exit(1);
  open.count_down();
  char byte;
  while (::recv(kKeydSocket, &byte, 1, 0) > 0) continue;
  // serve went; threads may be in the middle of a question that nobody waits for any more, and a keyring that is cut
  // short there recognises it.
  ::_exit(0);
}

}  // namespace countersign::keys
