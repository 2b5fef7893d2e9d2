#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/codec/base64.h"
#include "core/codec/json_read.h"
#include "core/ledger/tiles.h"
#include "server/cli.h"

namespace countersign::server {
namespace {

// The names that an export has; whatever answers there must not choose others.
bool is_export_file(std::string_view path) {
  return path == "checkpoint" || path == "head.tlog-proof" || ledger::parse_tile_path(path).has_value();
}

class Folder {
  std::filesystem::path path_;
  std::ofstream open_;
  std::int64_t files_ = 0;

 public:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}
  std::int64_t files() const { return files_; }

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
    if (!is_export_file(name)) return Error{Errc::malformed, "the server's answer is not an export"};
    if (!open_.is_open()) {
      const std::filesystem::path file = path_ / name;
      std::error_code error;
      std::filesystem::create_directories(file.parent_path(), error);
      open_.open(file, std::ios::binary);
    }
    open_ << text_of(piece);
    if (last) {
      open_.close();
      ++files_;
    }
    if (!open_) return Error{Errc::unavailable, path_.string() + "/" + std::string(name) + ": cannot be written"};
    return {};
  }
};

}  // namespace

int export_ledger(const Globals& globals, const std::string& args, const std::string& out) {
  Folder folder(out);
  Result<ControlLine> line = ControlLine::connect(globals.data);
  if (!line) return complain(line.error());
  const Result<void> made = folder.make();
  if (!made) return complain(made.error());
  Result<void> taken;
  const Result<void> done = line->ask("ledger export", args, [&](std::string_view row) {
    if (taken) taken = folder.take(row);
  });
  if (!done) {
    std::error_code ignored;
    std::filesystem::remove(out, ignored);  // where nothing was written yet
    return complain(done.error());
  }
  if (!taken) return complain(taken.error());
  if (globals.json) {
    codec::JsonWriter w;
    w.begin_object().key("out").string(out).key("files").integer(folder.files()).end_object();
    std::printf("%s\n", w.take().c_str());
  } else {
    std::printf("%lld files in %s\n", static_cast<long long>(folder.files()), out.c_str());
  }
  return kDone;
}

}  // namespace countersign::server
