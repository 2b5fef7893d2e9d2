#include "server/authenticator_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "core/codec/base64.h"
#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "core/crypto/sign.h"

namespace countersign::server {
namespace {

constexpr std::int64_t kVersion = 1;

Error away(const std::filesystem::path& path, const char* what) {
  return Error{Errc::unavailable, path.string() + ": " + what + ": " + std::generic_category().message(errno)};
}

// A descriptor that closes itself.
struct Descriptor {
  int fd;
  explicit Descriptor(int f) : fd(f) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

Result<std::string> text_of_member(const codec::Json& object, std::string_view key) {
  const codec::Json* const member = TRY(object.need(key));
  return std::string(TRY(member->as_string()));
}

Result<DeviceAccount> decode_device(const codec::Json& json) {
  DeviceAccount out;
  out.server = TRY(text_of_member(json, "server"));
  out.ca_file = TRY(text_of_member(json, "ca"));
  const std::string id = TRY(text_of_member(json, "device_id"));
  out.device = TRY(PhoneId::parse(id));
  out.tenant = TRY(text_of_member(json, "tenant"));
  out.username = TRY(text_of_member(json, "username"));
  const Secret key(TRY(text_of_member(json, "private_key")));
  const Bytes scalar = TRY(codec::from_base64(codec::Base64::url, key.reveal()));
  TRY(crypto::Es256Key::from_scalar(scalar));
  out.key = Secret(ByteView(scalar));
  const Secret code(TRY(text_of_member(json, "totp")));
  out.code = TRY(codec::parse_otpauth(code.reveal()));
  return out;
}

Result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{Errc::unavailable, "cannot write"};
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Secret encode_accounts(const AuthenticatorAccounts& accounts) {
  codec::JsonWriter w;
  w.begin_object().key("version").integer(kVersion).key("devices").begin_array();
  for (const DeviceAccount& device : accounts.devices) {
    w.begin_object();
    w.key("server").string(device.server).key("ca").string(device.ca_file);
    w.key("device_id").string(device.device.text());
    w.key("tenant").string(device.tenant).key("username").string(device.username);
    w.key("private_key").string(codec::to_base64(codec::Base64::url, device.key.reveal_bytes()));
    w.key("totp").string(codec::write_otpauth(device.code).reveal());
    w.end_object();
  }
  w.end_array().key("codes").begin_array();
  for (const codec::Otpauth& code : accounts.codes) w.string(codec::write_otpauth(code).reveal());
  w.end_array().end_object();
  return Secret(w.take());
}

Result<AuthenticatorAccounts> decode_accounts(std::string_view text) {
  const codec::Json json = TRY(codec::parse_json(text, kAuthenticatorFileMax));
  const codec::Json* const version = TRY(json.need("version"));
  if (TRY(version->as_int()) != kVersion) {
    return Error{Errc::malformed, "the file was written by another version of this program"};
  }
  AuthenticatorAccounts out;
  const codec::Json* const devices = TRY(json.need("devices"));
  for (const codec::Json& device : devices->items()) out.devices.push_back(TRY(decode_device(device)));
  const codec::Json* const codes = TRY(json.need("codes"));
  for (const codec::Json& code : codes->items()) {
    const std::string_view uri = TRY(code.as_string());
    out.codes.push_back(TRY(codec::parse_otpauth(uri)));
  }
  return out;
}

Result<AuthenticatorAccounts> read_accounts(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0 && errno == ENOENT) return AuthenticatorAccounts();
  if (file.fd < 0) return away(path, "cannot open");
  struct stat status {};
  if (::fstat(file.fd, &status) != 0) return away(path, "cannot look at");
  if (!S_ISREG(status.st_mode)) return Error{Errc::refused, path.string() + ": is not a file"};
  if ((status.st_mode & 077) != 0) {
    return Error{Errc::refused, path.string() + ": others may read it; chmod 600 " + path.string()};
  }
  std::string text;
  char chunk[16384];
  for (;;) {
    const ssize_t n = ::read(file.fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return away(path, "cannot read");
    if (n == 0) break;
    text.append(chunk, static_cast<std::size_t>(n));
    if (text.size() > kAuthenticatorFileMax) return Error{Errc::malformed, path.string() + ": is too large"};
  }
  const Secret whole(std::move(text));
  Result<AuthenticatorAccounts> accounts = decode_accounts(whole.reveal());
  if (!accounts) return Error{accounts.error().code, path.string() + ": " + accounts.error().what};
  return accounts;
}

AuthenticatorFile::AuthenticatorFile(AuthenticatorFile&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

AuthenticatorFile::~AuthenticatorFile() {
  if (lock_ >= 0) ::close(lock_);
}

Result<AuthenticatorFile> AuthenticatorFile::open(std::filesystem::path path) {
  std::error_code failed;
  if (const auto folder = path.parent_path(); !folder.empty() && !std::filesystem::exists(folder, failed)) {
    std::filesystem::create_directories(folder.parent_path(), failed);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return away(folder, "cannot make the folder");
  }
  const std::filesystem::path lock = path.string() + ".lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return away(lock, "cannot open");
  AuthenticatorFile out(std::move(path), fd);
  while (::flock(fd, LOCK_EX) != 0) {
    if (errno != EINTR) return away(lock, "cannot lock");
  }
  return out;
}

Result<void> AuthenticatorFile::write(const AuthenticatorAccounts& accounts) const {
  std::string fresh = path_.string() + ".XXXXXX";
  const Descriptor file(::mkostemp(fresh.data(), O_CLOEXEC));  // mode 0600
  if (file.fd < 0) return away(path_, "cannot write beside it");
  const Secret text = encode_accounts(accounts);
  const bool written = write_all(file.fd, text.reveal()) && ::fsync(file.fd) == 0;
  if (!written || ::rename(fresh.c_str(), path_.c_str()) != 0) {
    const Error error = away(path_, "cannot write");
    ::unlink(fresh.c_str());
    return error;
  }
  const std::string folder = path_.has_parent_path() ? path_.parent_path().string() : ".";
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.fd < 0 || ::fsync(directory.fd) != 0) return away(folder, "cannot make the change durable");
  return {};
}

}  // namespace countersign::server
