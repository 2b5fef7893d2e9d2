#include <cstdio>

#include "core/ledger/tiles.h"
#include "server/cli_files.h"

namespace countersign::server {
namespace {

// The names that an export has; whatever answers there must not choose others.
bool is_export_file(std::string_view path) {
  return path == "checkpoint" || path == "head.tlog-proof" || ledger::parse_tile_path(path).has_value();
}

}  // namespace

int export_ledger(const Globals& globals, const std::string& args, const std::string& out) {
  const Result<std::int64_t> files = take_files(globals, {"ledger export", is_export_file}, args, out);
  if (!files) return complain(files.error());
  if (globals.json) {
    codec::JsonWriter w;
    w.begin_object().key("out").string(out).key("files").integer(*files).end_object();
    std::printf("%s\n", w.take().c_str());
  } else {
    std::printf("%lld files in %s\n", static_cast<long long>(*files), out.c_str());
  }
  return kDone;
}

}  // namespace countersign::server
