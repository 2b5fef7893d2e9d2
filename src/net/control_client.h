// The commands' side of the control socket. Blocking.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "net/lines.h"

namespace countersign::net {

class ControlClient {
 public:
  // unavailable: no server listens at `path`.
  static Result<ControlClient> connect(const std::string& path);

  ControlClient(ControlClient&&) noexcept;
  ControlClient& operator=(ControlClient&&) noexcept;
  ~ControlClient();

  // See LineWriter and LineReader for the errors.
  Result<void> send(std::string_view line);
  Result<std::optional<std::string>> next();
  // Says that no more lines will come; answers can still be read.
  void finish();

 private:
  struct Line;
  explicit ControlClient(std::unique_ptr<Line> line);
  std::unique_ptr<Line> line_;
};

}  // namespace countersign::net
