#include "server/cli_incident.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include "core/base/id.h"
#include "core/codec/base64.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"

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

class Folders {
  std::filesystem::path path_;
  std::ofstream open_;
  std::set<std::string> tenants_;
  std::int64_t files_ = 0;

  Result<void> cannot(std::string_view name) const {
    return Error{Errc::unavailable, path_.string() + "/" + std::string(name) + ": cannot be written"};
  }

 public:
  explicit Folders(std::filesystem::path path) : path_(std::move(path)) {}
  std::int64_t files() const { return files_; }
  std::size_t tenants() const { return tenants_.size(); }

  Result<void> make() const {
    std::error_code error;
    if (!std::filesystem::create_directory(path_, error)) {
      return Error{Errc::conflict,
                   path_.string() + ": cannot be made" + (error ? ": " + error.message() : ", it is there already")};
    }
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, error);
    return {};
  }

  Result<void> take(std::string_view row) {
    const codec::Json json = TRY(codec::parse_json(row));
    const codec::Json *path = TRY(json.need("path")), *base64 = TRY(json.need("base64"));
    const codec::Json* is_last = TRY(json.need("last"));
    const std::string_view name = TRY(path->as_string());
    const std::string_view text = TRY(base64->as_string());
    const Bytes piece = TRY(codec::from_base64(codec::Base64::padded, text));
    const bool last = TRY(is_last->as_bool());
    if (!is_bundle_file(name)) return Error{Errc::malformed, "the server's answer is no bundle"};
    if (!open_.is_open()) {
      const std::filesystem::path file = path_ / name;
      std::error_code error;
      std::filesystem::create_directories(file.parent_path(), error);
      open_.open(file, std::ios::binary);
    }
    open_ << text_of(piece);
    if (!last) return open_ ? Result<void>() : cannot(name);
    open_.close();
    ++files_;
    if (!open_) return cannot(name);
    const std::string tenant(name.substr(0, name.find('/')));
    if (name.ends_with("manifest.note") && tenants_.insert(tenant).second) {
      std::fprintf(stderr, "%s: done, %zu so far\n", tenant.c_str(), tenants_.size());
    }
    return {};
  }
};

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
  Folders folders(out);
  Result<ControlLine> line = ControlLine::connect(globals.data);
  if (!line) return complain(line.error());
  const Result<void> made = folders.make();
  if (!made) return complain(made.error());
  Result<void> taken;
  const Result<void> done = line->ask("incident bundle", args, [&](std::string_view row) {
    if (taken) taken = folders.take(row);
  });
  if (!done) {
    std::error_code ignored;
    std::filesystem::remove(out, ignored);  // where nothing was written yet
    return complain(done.error());
  }
  if (!taken) return complain(taken.error());
  if (globals.json) {
    codec::JsonWriter w;
    w.begin_object().key("out").string(out).key("files").integer(folders.files());
    w.key("tenants").integer(static_cast<std::uint64_t>(folders.tenants())).end_object();
    std::printf("%s\n", w.take().c_str());
  } else {
    std::printf("%zu tenants, %lld files in %s\n", folders.tenants(), static_cast<long long>(folders.files()),
                out.c_str());
  }
  return kDone;
}

}  // namespace countersign::server
