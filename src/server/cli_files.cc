#include "server/cli_files.h"

#include <filesystem>
#include <fstream>

#include "core/codec/base64.h"
#include "core/codec/json_read.h"

namespace countersign::server {
namespace {

class Folder {
  const FilesCommand& command_;
  std::filesystem::path path_;
  std::ofstream open_;
  std::int64_t files_ = 0;

 public:
  Folder(const FilesCommand& command, std::filesystem::path path) : command_(command), path_(std::move(path)) {}
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
    if (!command_.is_expected(name)) return Error{Errc::malformed, "the server's answer names a file it may not"};
    if (!open_.is_open()) {
      const std::filesystem::path file = path_ / name;
      std::error_code error;
      std::filesystem::create_directories(file.parent_path(), error);
      open_.open(file, std::ios::binary);
    }
    open_ << text_of(piece);
    if (last) open_.close();
    if (!open_) return Error{Errc::unavailable, (path_ / name).string() + ": cannot be written"};
    if (!last) return {};
    ++files_;
    if (command_.on_file) command_.on_file(name);
    return {};
  }
};

}  // namespace

Result<std::int64_t> take_files(const Globals& globals, const FilesCommand& command, std::string_view args,
                                const std::string& out) {
  ControlLine line = TRY(ControlLine::connect(globals.data));
  Folder folder(command, out);
  TRY(folder.make());
  Result<void> taken;
  const Result<void> done = line.ask(command.command, args, [&](std::string_view row) {
    if (taken) taken = folder.take(row);
  });
  if (!done) {
    std::error_code ignored;
    std::filesystem::remove(out, ignored);  // where nothing was written yet
    return done.error();
  }
  if (!taken) return taken.error();
  return folder.files();
}

}  // namespace countersign::server
