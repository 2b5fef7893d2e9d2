// The control face: administration by lines of JSON, over whatever carries lines (docs/protocols/control.md).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "flow/ports.h"
#include "flow/witness_book.h"

namespace countersign::control {

inline constexpr std::size_t kRequestMax = 1024 * 1024;  // bytes in a line

// Takes one line of an answer, without its end; false when nobody listens any more.
using OnLine = std::function<bool(const std::string& line)>;

// The next line of a request; nothing where it ends.
using NextLine = std::function<Result<std::optional<std::string>>()>;

class ControlFace {
  const flow::Ports& ports_;
  std::string api_hostname_;
  const flow::WitnessBook* witnesses_;

 public:
  // `ports` and `witnesses` must outlive the face; without these nobody watches the ledger. `api_hostname` is what
  // clients are configured with, "localhost:8443".
  ControlFace(const flow::Ports& ports, std::string api_hostname, const flow::WitnessBook* witnesses = nullptr)
      : ports_(ports), api_hostname_(std::move(api_hostname)), witnesses_(witnesses) {}

  // Answers {"command": "user show", "args": {…}} by a line {"row":{…}} for each object and one line {"done":true} or
  // {"error":{"code":"not_found","what":"…"}}. Waits for commits: never call it from a face's worker thread.
  // Thread-safe.
  // `credential` is what the caller showed: in the ledger. `next` gives the lines that follow the request: a list.
  void answer(std::string_view request, const OnLine& line, std::string credential = "command line",
              const NextLine& next = {}) const;
};

}  // namespace countersign::control
