#include "server/cli_incident.h"

#include <algorithm>
#include <cstdio>

#include "core/base/id.h"
#include "core/codec/json_write.h"
#include "server/cli_files.h"

namespace countersign::server {
namespace {

// "<tenant>/<name>" or "<tenant>/proofs/<name>": whatever answers there must not choose other places.
bool is_bundle_file(std::string_view path) {
  const std::size_t slash = path.find('/');
  if (slash == path.npos || !TenantId::parse(path.substr(0, slash))) return false;
  std::string_view name = path.substr(slash + 1);
  if (name.starts_with("proofs/")) name.remove_prefix(7);
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  return plain && !name.empty() && name.front() != '.' && name.size() <= 64;
}

}  // namespace

int write_bundles(const Globals& globals, const std::string& args, const std::string& out) {
  std::uint64_t tenants = 0;
  FilesCommand command{"incident bundle", is_bundle_file};
  command.on_file = [&](std::string_view path) {
    if (!path.ends_with("/manifest.note")) return;  // the last of a tenant's
    const std::string tenant(path.substr(0, path.find('/')));
    std::fprintf(stderr, "%s: done, %llu so far\n", tenant.c_str(), static_cast<unsigned long long>(++tenants));
  };
  const Result<std::int64_t> files = take_files(globals, command, args, out);
  if (!files) return complain(files.error());
  if (globals.json) {
    codec::JsonWriter w;
    w.begin_object().key("out").string(out).key("files").integer(*files).key("tenants").integer(tenants).end_object();
    std::printf("%s\n", w.take().c_str());
  } else {
    std::printf("%llu tenants, %lld files in %s\n", static_cast<unsigned long long>(tenants),
                static_cast<long long>(*files), out.c_str());
  }
  return kDone;
}

}  // namespace countersign::server
