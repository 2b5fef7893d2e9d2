#include "server/cli_incident.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "core/base/id.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "server/cli_files.h"

namespace countersign::server {
namespace {

constexpr std::size_t kRefsMax = 900'000;  // bytes; a request is one line

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

Result<std::string> with_refs(const std::string& args, const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open() || in.bad()) return Error{Errc::not_found, file + ": cannot be read"};
  if (text.size() > kRefsMax) return Error{Errc::exhausted, file + ": over 900,000 bytes; give it in parts"};
  const codec::Json json = TRY(codec::parse_json(args));
  codec::JsonWriter w;
  w.begin_object();
  for (const auto& [key, value] : json.members()) {
    w.key(key);
    const auto is_text = value.as_string();
    if (key == "refs") {
      w.string(text);
    } else if (is_text) {
      w.string(*is_text);
    } else {
      w.boolean(true);  // a flag
    }
  }
  return w.end_object().take();
}

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
