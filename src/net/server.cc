#include "net/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/defer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <thread>
#include <utility>

#include "net/connection.h"

namespace countersign::net {
namespace {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Endpoint = asio::ip::tcp::endpoint;

constexpr int kBacklog = 1024;
constexpr std::chrono::milliseconds kAcceptPause{50};  // out of descriptors, or full with no idle connection
constexpr std::chrono::milliseconds kLastWords{1'000};  // for connections to end after everything was closed

std::string address_text(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

// One listening socket. A name that stands for several addresses has several.
struct Door {
  Door(Acceptor opened, const Listener& of, std::size_t index)
      : acceptor(std::move(opened)),
        listener(of),
        number(index),
        parking(std::make_shared<Parking>(acceptor.get_executor())) {}

  Acceptor acceptor;
  const Listener& listener;
  std::size_t number;
  std::shared_ptr<Parking> parking;  // shared: see Parking
  std::atomic<std::size_t> open{0};
};

Error bind_error(const ErrorCode& error, const std::string& where) {
  Errc code = Errc::unavailable;
  if (error == asio::error::address_in_use) code = Errc::conflict;
  if (error == asio::error::access_denied) code = Errc::refused;
  return Error{code, "cannot listen on " + where + ": " + error.message()};
}

}  // namespace

std::string text(const Bound& bound) {
  const bool v6 = bound.address.find(':') != std::string::npos;
  return (v6 ? "[" + bound.address + "]" : bound.address) + ":" + std::to_string(bound.port);
}

struct Server::Engine {
  Engine(const Clock& clock, Wakeups& wakeups, ServerOptions options)
      : shared{clock, wakeups, std::move(options), {}, {}, false} {}

  ErrorCode open_door(const Endpoint& endpoint, std::size_t number);
  Task<void> accept(Door& door);
  Task<bool> make_room(Door& door);
  void begin(Door& door, Socket socket);
  Task<void> tick();
  Task<void> drain();
  void work();

  // Destroyed from below: the event loop with all coroutines first.
  Shared shared;
  std::list<Listener> listeners;
  std::vector<Bound> bound;
  asio::io_context io;
  std::list<Door> doors;
  std::atomic<bool> drain_asked{false};
};

ErrorCode Server::Engine::open_door(const Endpoint& endpoint, std::size_t number) {
  ErrorCode error;
  Acceptor acceptor(io.get_executor());
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) return error;
  const Endpoint local = acceptor.local_endpoint(error);
  bound.push_back(Bound{local.address().to_string(), local.port(), number});
  doors.emplace_back(std::move(acceptor), listeners.back(), number);
  return {};
}

// At the limit, once someone knocks: the longest idle connection gives way; without one, accepting pauses. False: no
// room yet.
Task<bool> Server::Engine::make_room(Door& door) {
  if (door.open < shared.options.limits.connections) co_return true;
  auto token = asio::as_tuple(asio::use_awaitable_t<Executor>());
  auto knock = door.acceptor.async_wait(Acceptor::wait_read, token);
  const auto [error] = co_await std::move(knock);
  if (error || shared.draining) co_return false;
  if (shared.registry.evict_idle(door.number)) bump(shared.counters.connections_evicted);
  door.parking->reset();
  if (door.open >= shared.options.limits.connections) co_await door.parking->park(Steady::now() + kAcceptPause);
  co_return door.open < shared.options.limits.connections;
}

Task<void> Server::Engine::accept(Door& door) {
  while (!shared.draining) {
    if (!co_await make_room(door)) continue;
    auto token = asio::as_tuple(asio::use_awaitable_t<Executor>());
    auto accepting = door.acceptor.async_accept(token);
    auto [error, socket] = co_await std::move(accepting);
    if (shared.draining) break;
    if (!error) {
      begin(door, std::move(socket));
    } else if (error != asio::error::connection_aborted) {
      bump(shared.counters.accept_failures);
      shared.tell("http.accept_failed");
      door.parking->reset();
      co_await door.parking->park(Steady::now() + kAcceptPause);
    }
  }
}

void Server::Engine::begin(Door& door, Socket socket) {
  ErrorCode error;
  const Endpoint peer = socket.remote_endpoint(error);
  if (!error) socket.non_blocking(true, error);
  if (!error) socket.set_option(asio::ip::tcp::no_delay(true), error);
  if (error) return;  // the peer is gone already
  bump(shared.counters.connections_accepted);
  bump(shared.counters.connections_open);
  ++door.open;
  Accepted accepted{std::move(socket), door.listener.tls, door.listener.handler, door.number,
                    address_text(peer.address())};
  auto connection = std::make_unique<Connection>(shared, io.get_executor(), std::move(accepted));
  Task<void> running = connection->run();
  asio::co_spawn(io, std::move(running),
                 [this, &door, kept = std::move(connection)](const std::exception_ptr& failure) mutable {
                   kept.reset();
                   shared.counters.connections_open.fetch_sub(1, std::memory_order_relaxed);
                   if (door.open-- == shared.options.limits.connections) door.parking->unpark();
                   if (failure) shared.tell("http.connection_threw");
                 });
}

Task<void> Server::Engine::tick() {
  Timer timer(io.get_executor());
  while (true) {
    timer.expires_after(shared.options.limits.tick);
    co_await timer.async_wait(asio::use_awaitable_t<Executor>());
    shared.registry.sweep(Steady::now());
    if (shared.draining) shared.registry.close_idle();
  }
}

Task<void> Server::Engine::drain() {
  Timer timer(io.get_executor());
  shared.draining = true;
  // From outside Asio: an accept may be running on another thread, and ends by this. The socket itself is closed when
  // no thread runs any more, lest its number be someone else's here.
  for (Door& door : doors) {
    ::shutdown(door.acceptor.native_handle(), SHUT_RDWR);
    door.parking->unpark();
  }
  shared.registry.close_idle();
  shared.registry.unpark_all();
  const auto deadline = Steady::now() + shared.options.limits.drain;
  const auto step = std::min(shared.options.limits.tick, std::chrono::milliseconds(20));
  while (shared.registry.size() > 0 && Steady::now() < deadline + kLastWords) {
    if (Steady::now() >= deadline) shared.registry.close_all();
    timer.expires_after(step);
    co_await timer.async_wait(asio::use_awaitable_t<Executor>());
  }
  io.stop();
}

void Server::Engine::work() {
  while (!io.stopped()) {
    try {
      io.run();
    } catch (...) {  // lack of memory while a coroutine was started: that connection is lost, the others are not
      shared.tell("http.worker_threw");
    }
  }
}

Server::Server(const Clock& clock, Wakeups& wakeups, ServerOptions options)
    : engine_(std::make_unique<Engine>(clock, wakeups, std::move(options))) {}

Server::~Server() = default;

Result<void> Server::listen(Listener listener) {
  Engine& e = *engine_;
  const std::string where = text(Bound{listener.host, listener.port, 0});
  ErrorCode error;
  asio::ip::tcp::resolver resolver(e.io);
  const auto found = resolver.resolve(listener.host, "", asio::ip::resolver_base::passive, error);
  if (error || listener.host.empty()) return Error{Errc::malformed, "not an address or a known name: " + where};
  const std::size_t number = e.listeners.size();
  std::uint16_t port = listener.port;
  e.listeners.push_back(std::move(listener));
  bool any = false;
  for (const auto& entry : found) {
    const ErrorCode failed = e.open_door(Endpoint(entry.endpoint().address(), port), number);
    // A host without IPv6 has a "localhost" of both kinds all the same.
    if (failed && failed != asio::error::address_family_not_supported &&
        failed != boost::system::errc::address_not_available) {
      return bind_error(failed, where);
    }
    if (failed) {
      error = failed;
      continue;
    }
    any = true;
    port = e.bound.back().port;
  }
  if (!any) return bind_error(error, where);
  return {};
}

const std::vector<Bound>& Server::bound() const { return engine_->bound; }
const Counters& Server::counters() const { return engine_->shared.counters; }

void Server::run() {
  Engine& e = *engine_;
  for (Door& door : e.doors) asio::co_spawn(e.io, e.accept(door), [](const std::exception_ptr&) {});
  asio::co_spawn(e.io, e.tick(), [](const std::exception_ptr&) {});
  const unsigned wanted = e.shared.options.threads;
  const unsigned count = wanted > 0 ? wanted : std::max(2U, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i) threads.emplace_back([&e] { e.work(); });
  for (std::thread& thread : threads) thread.join();
  ErrorCode ignored;
  for (Door& door : e.doors) door.acceptor.close(ignored);
}

void Server::soon(std::function<void()> work) {
  // Deferred: a worker that asks for it does it itself, and wakes none that sleeps.
  asio::defer(engine_->io, std::move(work));
}

void Server::drain() {
  Engine& e = *engine_;
  if (e.drain_asked.exchange(true)) return;
  asio::co_spawn(e.io, e.drain(), [](const std::exception_ptr&) {});
}

}  // namespace countersign::net
