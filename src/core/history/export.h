// A file in which history leaves still sealed: lines of JSON, one object each (docs/protocols/history-export.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/base/time.h"
#include "core/crypto/x25519.h"

namespace countersign::history {

inline constexpr std::size_t kExportLineMax = 2 * 1024 * 1024;

struct ExportHead {
  TenantId tenant;
  std::string tenant_name;
  std::int64_t first_day = 0, last_day = 0;
  Instant made{};  // whole seconds
};
// One way in which the tenant keeps its private key; the server cannot open it.
struct ExportSlot {
  std::string id, kind, name;
  crypto::X25519PublicKey key;
  Bytes credential, salt, wrapped;
};
struct ExportDay {
  std::int64_t day = 0;
  Secret key;
};
struct ExportEpoch {
  Bytes header;
  Bytes trailer;  // empty: not closed yet
};
struct ExportRow {
  Bytes row;
  std::string open;  // as it stands beside the row
};
struct ExportEnd {
  std::uint64_t rows = 0;
};
using ExportLine = std::variant<ExportHead, ExportSlot, ExportDay, ExportEpoch, ExportRow, ExportEnd>;

// One line, without the line feed.
std::string encode(const ExportLine& line);
// malformed: not what encode writes, or of another version.   exhausted: over 2 MiB.
Result<ExportLine> decode_export_line(std::string_view line);

}  // namespace countersign::history
