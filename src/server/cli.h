// The command line of the running server: the table of faces/control as subcommands, sent over DIR/control.sock.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/codec/json_write.h"

namespace CLI {
class App;
}

namespace countersign::server {

// Exit codes (docs/operating/install.md).
inline constexpr int kDone = 0;
inline constexpr int kRefused = 1;      // refused, not found, conflict
inline constexpr int kUsage = 2;
inline constexpr int kUnavailable = 3;  // no server, no database

int exit_code(Errc code);
// One line on stderr; returns the exit code of it.
int complain(const Error& error);

struct Globals {
  std::string data = "./var";
  bool json = false;
};

// Adds every command of the table. When one was parsed, `chosen` is set to what runs it.
void add_control_commands(CLI::App& app, const Globals& globals, std::function<int()>& chosen);

// Sends one request and calls `on_row` with each object of the answer.
// unavailable: no server listens in `data`; the text says how to start one.   Else what the server said.
class ControlLine {
  struct Open;
  std::unique_ptr<Open> open_;
  explicit ControlLine(std::unique_ptr<Open> open);

 public:
  static Result<ControlLine> connect(const std::string& data);
  ControlLine(ControlLine&&) noexcept;
  ~ControlLine();

  using OnRow = std::function<void(std::string_view row)>;
  // `args`: one JSON object.
  Result<void> ask(std::string_view command, std::string_view args, const OnRow& on_row) {
    return ask(command, args, {}, on_row);
  }
  // With a list, as long as it may be.
  Result<void> ask(std::string_view command, std::string_view args, const std::vector<std::string>& list,
                   const OnRow& on_row);
};

// `user import`: reads CSV, sends it in batches, reports on stderr.
int import_users(const Globals& globals, const std::string& tenant, const std::string& file);

// `ledger export`: asks with `args` and writes the files of the answer into `out`, which must not exist yet. The last
// of them is the checkpoint, so an export that was cut short is none.
int export_ledger(const Globals& globals, const std::string& args, const std::string& out);

}  // namespace countersign::server
