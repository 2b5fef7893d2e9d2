// What a software authenticator keeps: device keys and code secrets of any number of accounts, in one file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/id.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/codec/otpauth.h"

namespace countersign::server {

inline constexpr std::size_t kAuthenticatorFileMax = 1024 * 1024;

// An account whose sign-ins this authenticator answers.
struct DeviceAccount {
  std::string server;        // "https://host[:port]", without a slash at the end
  std::string ca_file;       // whose certificates are trusted (an absolute path); empty: the system's
  PhoneId device;
  std::string tenant;
  std::string username;
  Secret key;                // the P-256 scalar, 32 bytes
  codec::Otpauth code;       // its offline codes

  // "ada@Demo"
  std::string name() const { return username + "@" + tenant; }
};

struct AuthenticatorAccounts {
  std::vector<DeviceAccount> devices;
  std::vector<codec::Otpauth> codes;  // accounts elsewhere, codes only
};

// The stored form: one JSON object with a version; reads back what it writes.
Secret encode_accounts(const AuthenticatorAccounts& accounts);
// malformed: not written by encode_accounts, or by a newer version.
Result<AuthenticatorAccounts> decode_accounts(std::string_view text);

// Without waiting for writers: a file is replaced whole. Empty where there is none yet.
// refused: others may read it, or it is no file.   malformed: as decode_accounts.   unavailable: it cannot be read.
Result<AuthenticatorAccounts> read_accounts(const std::filesystem::path& path);

// The file to be changed, locked against other writers for as long as this lives.
class AuthenticatorFile {
  std::filesystem::path path_;
  int lock_ = -1;

  AuthenticatorFile(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

 public:
  AuthenticatorFile(AuthenticatorFile&& other) noexcept;
  AuthenticatorFile& operator=(AuthenticatorFile&&) = delete;
  ~AuthenticatorFile();

  // Waits for the lock. Makes the folder (0700) where it is missing.   unavailable: neither can be made.
  static Result<AuthenticatorFile> open(std::filesystem::path path);

  Result<AuthenticatorAccounts> read() const { return read_accounts(path_); }
  // Whole or not at all, mode 0600, durable before it returns.   unavailable: it cannot be written.
  Result<void> write(const AuthenticatorAccounts& accounts) const;

  const std::filesystem::path& path() const { return path_; }
};

}  // namespace countersign::server
