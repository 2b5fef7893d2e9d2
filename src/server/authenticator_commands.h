// What `countersign authenticator VERB` does, apart from reading its arguments.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/factor/push.h"
#include "server/authenticator_client.h"
#include "server/authenticator_store.h"
#include "server/authenticator_text.h"

namespace countersign::server {

// Exit codes of every command (design §2).
inline constexpr int kExitDone = 0, kExitRefused = 1, kExitUsage = 2, kExitUnavailable = 3;

enum class Output { text, json };

// What the commands are given of the world.
struct AuthenticatorWorld {
  Connect connect;
  const Clock& clock;
  Random& random;
  std::function<void(std::string_view)> out, err;
  std::function<std::optional<std::string>(std::string_view prompt)> ask;  // a line typed; none: nobody to ask
};

struct AuthenticatorOptions {
  std::filesystem::path store;
  std::string ca_file;         // activate keeps it with the account; elsewhere it goes before the one kept
  std::string account;         // "ada@Demo", a device's id or a server; empty: all
  Output output = Output::text;
};

struct AnswerOptions {
  factor::push::Decision decision = factor::push::Decision::deny;
  std::string request;                // an id or its beginning; empty: the only one
  std::optional<std::string> number;  // none: asked for
  seconds wait{0};
};

// Each command prints and returns its exit code; an error is one line on `err`.
class AuthenticatorCommands {
  AuthenticatorWorld world_;
  AuthenticatorOptions options_;

 public:
  AuthenticatorCommands(AuthenticatorWorld world, AuthenticatorOptions options)
      : world_(std::move(world)), options_(std::move(options)) {}

  int activate(std::string_view link);
  int add(std::string_view otpauth_uri);
  int list(seconds wait);
  int answer(const AnswerOptions& options);
  int code();
  int watch();

 private:
  // An account with the connection to its server.
  struct Line {
    DeviceAccount account;
    std::unique_ptr<DeviceWire> wire;
  };

  int fail(const Error& error) const;
  bool json() const { return options_.output == Output::json; }
  bool meant(const std::string& name, const std::string& id, const std::string& server) const;
  Result<std::vector<Line>> lines() const;
  Result<std::vector<FoundRequest>> look(std::vector<Line>& lines, seconds wait) const;
  Result<std::vector<FoundRequest>> gather(std::vector<Line>& lines, seconds wait) const;
  Result<FoundRequest> choose(const std::vector<FoundRequest>& found, const std::string& wanted) const;
  Result<std::string> number_for(const FoundRequest& found, const AnswerOptions& options) const;
  Result<std::vector<Code>> next_codes() const;
};

}  // namespace countersign::server
