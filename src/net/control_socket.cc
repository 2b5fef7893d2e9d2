#include "net/control_socket.h"

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "net/unix_address.h"

namespace countersign::net {
namespace {

constexpr int kBacklog = 64;
constexpr std::chrono::milliseconds kAcceptPause{100};  // out of descriptors or threads

bool somebody_listens(const UnixAddress& address) {
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return probe && (::connect(probe.get(), address.get(), address.size()) == 0 || errno == EAGAIN);
}

bool is_other_than_socket(const UnixAddress& address) {
  struct stat found {};
  return ::fstatat(address.folder(), address.name().c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
         !S_ISSOCK(found.st_mode);
}

// Ours or root's. The mode of the path says so already; this holds where a file system ignores it.
bool is_trusted(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

Result<Descriptor> bind_and_listen(const UnixAddress& address, const std::string& path) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return Error{Errc::unavailable, with_errno("cannot make a socket")};
  // Two servers that start at once must not each take the other's socket for a stale one.
  if (::flock(address.folder(), LOCK_EX) != 0) return Error{Errc::unavailable, with_errno("cannot lock " + path)};
  if (is_other_than_socket(address)) return Error{Errc::conflict, path + " exists and is not a socket"};
  if (somebody_listens(address)) return Error{Errc::conflict, "another server listens at " + path};
  ::unlinkat(address.folder(), address.name().c_str(), 0);
  // On Linux the mode of the socket before bind(2) is the mode of the path: it is never open to others.
  if (::fchmod(socket.get(), 0600) != 0 || ::bind(socket.get(), address.get(), address.size()) != 0 ||
      ::fchmodat(address.folder(), address.name().c_str(), 0600, 0) != 0 || ::listen(socket.get(), kBacklog) != 0) {
    return Error{Errc::unavailable, with_errno("cannot listen at " + path)};
  }
  return socket;
}

}  // namespace

struct ControlSocket::Desk {
  // One connection and its thread; `over` when the thread has nothing more to do.
  struct Visit {
    Descriptor socket;
    std::thread thread;
    bool over = false;
  };

  Desk(UnixAddress at, Descriptor bound, ControlHandler answers)
      : address(std::move(at)), socket(std::move(bound)), handler(std::move(answers)) {}

  void accept_all();
  void admit(Descriptor connected);
  void serve(Visit& visit);
  void collect(std::unique_lock<std::mutex>& lock);
  void stop();

  UnixAddress address;
  Descriptor socket;
  ControlHandler handler;
  std::mutex mutex;
  std::condition_variable changed;
  std::list<Visit> visits;
  bool stopping = false;
  std::thread acceptor;
};

void ControlSocket::Desk::accept_all() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    collect(lock);
    if (visits.size() >= kControlConnectionsMax) {
      changed.wait(lock);
      continue;
    }
    lock.unlock();
    Descriptor connected(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const bool exhausted = !connected && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM);
    lock.lock();
    if (stopping) return;
    if (exhausted) changed.wait_for(lock, kAcceptPause);
    if (connected && is_trusted(connected.get())) admit(std::move(connected));
  }
}

void ControlSocket::Desk::admit(Descriptor connected) {
  Visit& visit = visits.emplace_back();
  visit.socket = std::move(connected);
  try {
    visit.thread = std::thread([this, &visit] { serve(visit); });
  } catch (const std::system_error&) {  // no more threads: this connection is closed, others may come
    visits.pop_back();
  }
}

void ControlSocket::Desk::serve(Visit& visit) {
  LineReader reader(visit.socket.get());
  LineWriter writer(visit.socket.get());
  try {
    for (;;) {
      const auto line = reader.next();
      if (!line || !line->has_value()) break;
      handler(**line, writer, reader);
    }
  } catch (...) {  // out of a handler: the connection ends, which the other side sees
  }
  ::shutdown(visit.socket.get(), SHUT_RDWR);
  const std::lock_guard lock(mutex);
  visit.over = true;
  changed.notify_all();
}

// Joins the threads of connections that are over.
void ControlSocket::Desk::collect(std::unique_lock<std::mutex>& lock) {
  std::list<Visit> ended;
  for (auto visit = visits.begin(); visit != visits.end();) {
    const auto next = std::next(visit);
    if (visit->over) ended.splice(ended.end(), visits, visit);
    visit = next;
  }
  lock.unlock();
  for (Visit& visit : ended) visit.thread.join();
  ended.clear();
  lock.lock();
}

void ControlSocket::Desk::stop() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
    for (Visit& visit : visits) ::shutdown(visit.socket.get(), SHUT_RDWR);
    changed.notify_all();
  }
  ::shutdown(socket.get(), SHUT_RDWR);
  acceptor.join();
  for (Visit& visit : visits) visit.thread.join();
  ::unlinkat(address.folder(), address.name().c_str(), 0);
}

ControlSocket::ControlSocket(std::unique_ptr<Desk> desk) : desk_(std::move(desk)) {}

ControlSocket::~ControlSocket() { desk_->stop(); }

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(const std::string& path, ControlHandler handler) {
  UnixAddress address = TRY(UnixAddress::of(path));
  Descriptor socket = TRY(bind_and_listen(address, path));
  ::flock(address.folder(), LOCK_UN);
  auto desk = std::make_unique<Desk>(std::move(address), std::move(socket), std::move(handler));
  desk->acceptor = std::thread([raw = desk.get()] { raw->accept_all(); });
  return std::unique_ptr<ControlSocket>(new ControlSocket(std::move(desk)));
}

}  // namespace countersign::net
