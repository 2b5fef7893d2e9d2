// The HTTP/1.1 server: listeners, worker threads, limits, drain. Asio and sockets stay behind this header.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"
#include "net/counters.h"
#include "net/http.h"
#include "net/limits.h"

namespace countersign::net {

class TlsContext;
class Wakeups;

struct Listener {
  std::string host;           // an address, or a name that is looked up: "localhost" listens on all that it stands for
  std::uint16_t port = 0;     // 0: the system chooses
  const TlsContext* tls = nullptr;  // null: plain HTTP. Must outlive the server
  Handler handler;
};

// Where a listener really listens.
struct Bound {
  std::string address;
  std::uint16_t port = 0;
  std::size_t listener = 0;   // which listen() this came of, from 0
};

// "127.0.0.1:8443", "[::1]:8443".
std::string text(const Bound& bound);

struct ServerOptions {
  Limits limits;
  unsigned threads = 0;       // 0: one for each core, at least two
  // Told the names of what an operator should hear of ("http.handler_threw", …); from any thread, must not throw.
  std::function<void(std::string_view event)> on_event;
};

class Server {
 public:
  // Both must outlive the server. `clock` gives dates and the time left of a Wait.
  Server(const Clock& clock, Wakeups& wakeups, ServerOptions options);
  // What still runs must have ended: run() has returned or was never called.
  ~Server();

  // Binds and listens; requests are served once run() runs. Before run() only.
  // malformed: not an address or unknown name.   conflict: the address is in use.
  // refused: not permitted (a port below 1024).   unavailable: anything else.
  Result<void> listen(Listener listener);
  const std::vector<Bound>& bound() const;

  // Serves until drain() has been called and its work is done. Blocks.
  void run();

  // Has `work` done on a worker thread, after what the threads have before them now; once run() runs. Any thread.
  void soon(std::function<void()> work);

  // Stops accepting, lets requests in flight end (at most limits.drain), lets waits look again, closes idle
  // connections. Any thread, more than once, also before run().
  void drain();

  const Counters& counters() const;

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace countersign::net
