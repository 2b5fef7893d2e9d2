// Hands one mail to the operator's mail server (RFC 5321), over TLS but on this machine.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/base/time.h"

namespace countersign::mail {

// needed: nothing is said before TLS, and its certificate has to name the host.   local: none, on this machine alone.
enum class Tls { needed, local };

struct ServerOptions {
  std::string url;          // smtp://host[:port] (STARTTLS) or smtps://host[:port]
  std::string from;         // of the envelope
  std::string username;     // empty: nobody signs in
  Secret password;
  std::string ca_file;      // PEM; empty: the system's
  Tls tls = Tls::needed;
  milliseconds timeout{60'000};  // for one mail, with connecting
};

// Whether these are options that send() can work with.   malformed: the URL's form.
Result<void> check_url(std::string_view url);
// Whether the host is this machine by its address or as localhost.
bool is_local(std::string_view url);

enum class End {
  taken,        // 250 after the data: it is the server's now (RFC 5321 §6.1)
  refused,      // 5xx about this mail: the same try again would change nothing
  later,        // 4xx about this mail
  unreachable,  // no connection, no TLS, not let in; or it was cut: perhaps the server has the mail
};

struct Outcome {
  End end = End::unreachable;
  int reply = 0;             // the server's last code; 0: none
  std::string_view what{};   // our own words, without what the server said
};

// Keeps its connection for the next mail. One thread at a time.
class Smtp {
  struct Handle;
  std::unique_ptr<Handle> handle_;

 public:
  // Both outlive it. Once `stop` is set, a mail that is under way is given up within a second: as unreachable.
  Smtp(const ServerOptions& options, const std::atomic<bool>& stop);
  ~Smtp();

  // Blocks, at most for the timeout. `message`: as write_message() made it.
  Outcome send(const std::string& to, std::string_view message);
};

}  // namespace countersign::mail
