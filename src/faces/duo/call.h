// What an endpoint is given: a request that is known to be its application's own.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>

#include "core/identity/application.h"
#include "faces/duo/dialect.h"
#include "faces/duo/parameters.h"
#include "flow/ports.h"
#include "flow/sign_in.h"
#include "net/http.h"

namespace countersign::duo {

inline constexpr std::size_t kReportedMax = 20'000;

// Which attempts a poll has been told of on this node: the first poll of an attempt is answered at once, the next ones
// when something changes (duo-api §3.3). Forgetting one only answers a poll early.
class Reported {
 public:
  // Whether this is the first time.
  bool first(const AttemptId& attempt);

 private:
  std::mutex mutex_;
  std::unordered_set<AttemptId> known_;
  std::deque<AttemptId> order_;
};

struct Call {
  const flow::Ports& ports;
  Reported& reported;
  Application app;
  Parameters parameters;
  Dialect dialect;
};

// May take out of the call what it needs: each call is made once.
using Endpoint = net::Reply (*)(Call& call);

// A use case as a reply: begun when the caller starts it, its outcome turned into a reply by `answer`.
template <class Request, class T>
net::Reply commit(void (*use_case)(const flow::Ports&, Request, flow::Done<T>), const flow::Ports& ports,
                  Request request, std::function<net::Reply(Result<T>)> answer) {
  auto held = std::make_shared<Request>(std::move(request));  // shared: a std::function must be copyable
  return net::Committing{[use_case, &ports, held, answer = std::move(answer)](std::function<void(net::Reply)> done) {
    use_case(ports, std::move(*held),
             [answer, done = std::move(done)](Result<T> out) { done(answer(std::move(out))); });
  }};
}

// Limits of what a client may send, in bytes; Duo publishes only the one of pushinfo (duo-api §3.2).
inline constexpr std::size_t kTextMax = 255;
inline constexpr std::size_t kPasscodeMax = 128;
inline constexpr std::size_t kTokenMax = 512;
inline constexpr std::size_t kPushinfoMax = 20'000;

// The user by `id_name` or `name_name`, exactly one of which must be sent (`id_name` empty: there is none).
flow::UserRef read_user(ParameterReader& in, std::string_view id_name, std::string_view name_name);
record::AccessDevice read_access(ParameterReader& in);

}  // namespace countersign::duo
