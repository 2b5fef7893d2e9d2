// HTTP as values: what a face receives and what it may answer. Beast and sockets stay behind net/'s .cc files.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/time.h"

namespace countersign::net {

struct Header {
  std::string name;  // lower case
  std::string value;
};

struct HttpRequest {
  std::string method;                // as sent: "GET", "POST", …
  std::string path;                  // as sent, without the query; never empty
  std::string query;                 // as sent, without the "?"; empty when there is none
  std::string host;                  // the one Host header as sent, or the authority of an absolute-form target
  std::vector<Header> headers;       // in the order sent, Host included
  std::string body;                  // whole, after chunked decoding
  std::string peer;                  // the address of the other side, without port
  Instant received{};

  // The value of the first header of that name (lower case), or empty.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type;          // empty: no body type is sent
  std::string body;
  std::vector<Header> headers;       // beyond those that net/ sets itself (Date, Content-Length, Connection, …)
};

struct Reply;

// Not yet: call `again` when `key` is woken or `until` has come, whichever is first. `again` reads the state anew and
// must answer once the time it waits for has come; it may wait again for something else.
// `over`, where given, is called in its place when the server is about to stop: what to say now, without more waiting.
struct Wait {
  std::string key;
  Instant until;
  std::function<Reply()> again;
  std::function<Reply()> over{};
};

// A write is queued by `start`, or a question to the keys; `done` is called once with the reply after the commit or the
// answer, from any thread, perhaps before `start` returns.
struct Committing {
  std::function<void(std::function<void(Reply)> done)> start;
};

// The rest of a handler, for a `done` that is called where it must not be run: `run` is called on a worker thread.
struct Rest {
  std::function<Reply()> run;
};

// Server-sent events: `next` returns the bytes to send (possibly none) at once and after each wake of `key`,
// until `until`, when the stream ends.
struct EventStream {
  std::string key;
  Instant until;
  std::function<std::string()> next;
};

struct Reply : std::variant<HttpResponse, Wait, Committing, Rest, EventStream> {
  using variant::variant;
};

// What a listener serves. Called on any worker thread, for several requests at once; must not block on a commit.
// The request stays valid until its reply has been sent, so `again` and `next` may refer to it; what `start` queues may
// not, since a commit can outlive the connection.
using Handler = std::function<Reply(const HttpRequest&)>;

}  // namespace countersign::net
