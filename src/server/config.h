// The configuration: one TOML file. Adding a setting is one line in Config; the manual (docs/reference/config.md) is
// generated from these lines. Secrets stand here only as paths of files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"

namespace countersign::server {

class Config;

enum class Kind { text, number, list };

// One setting: its key, its value, and what the manual says about it.
class Setting {
  std::string_view key_, unit_, meaning_;

 protected:
  Setting(Config& of, std::string_view key, std::string_view unit, std::string_view meaning);
  ~Setting() = default;

 public:
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

  std::string_view key() const { return key_; }          // "limits.connections"
  std::string_view unit() const { return unit_; }        // "seconds", "path", "host:port", …
  std::string_view meaning() const { return meaning_; }
  virtual Kind kind() const = 0;
  virtual std::string shown() const = 0;                 // the value as TOML writes it
  virtual std::string range() const = 0;                 // what is allowed, or empty
};

class Text : public Setting {
  std::string value_;
  std::vector<std::string_view> choices_;  // empty: any

 public:
  Text(Config& of, std::string_view key, std::string value, std::string_view unit, std::string_view meaning,
       std::vector<std::string_view> choices = {})
      : Setting(of, key, unit, meaning), value_(std::move(value)), choices_(std::move(choices)) {}
  Kind kind() const override { return Kind::text; }
  std::string shown() const override;
  std::string range() const override;
  // malformed: not one of the choices, over 4096 bytes, or with a control character.
  Result<void> set(std::string value);
  const std::string& operator*() const { return value_; }
};

class Number : public Setting {
  std::int64_t value_, least_, most_;

 public:
  struct Range {
    std::int64_t least, most;
  };
  Number(Config& of, std::string_view key, std::int64_t value, Range range, std::string_view unit,
         std::string_view meaning)
      : Setting(of, key, unit, meaning), value_(value), least_(range.least), most_(range.most) {}
  Kind kind() const override { return Kind::number; }
  std::string shown() const override { return std::to_string(value_); }
  std::string range() const override;
  // malformed: out of range.
  Result<void> set(std::int64_t value);
  std::int64_t operator*() const { return value_; }
};

class List : public Setting {
  std::vector<std::string> value_;

 public:
  List(Config& of, std::string_view key, std::vector<std::string> value, std::string_view unit,
       std::string_view meaning)
      : Setting(of, key, unit, meaning), value_(std::move(value)) {}
  Kind kind() const override { return Kind::list; }
  std::string shown() const override;
  std::string range() const override { return "at most 64"; }
  // malformed: more than 64, or an empty one.
  Result<void> set(std::vector<std::string> value);
  const std::vector<std::string>& operator*() const { return value_; }
};

class Config {
  friend class Setting;
  std::vector<Setting*> all_;

 public:
  Config() = default;
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;

  const std::vector<Setting*>& all() const { return all_; }

  List listen{*this, "listen", {"127.0.0.1:8443"}, "host:port", "Where HTTPS is served; port 0 takes any free one."};
  Text data{*this, "data", "./var", "path", "The data directory, made on first start with mode 0700."};
  Text database{*this, "database", "sqlite", "", "`sqlite` (a file in the data directory) or `postgresql://…`."};
  Text database_file{*this, "database_file", "", "path",
                     "A file that holds the database URL, for URLs with a password; stands in for `database`."};
  Text public_url{*this, "public_url", "", "URL",
                  "How browsers, phones and clients reach this server; empty: https://localhost and the first port."};
  List host_names{*this, "host_names", {}, "host",
                  "Further host names that requests may be addressed to and that the local certificate names."};
  List related_origins{*this, "webauthn.related_origins", {}, "origin",
                       "Further origins whose pages may use our passkeys, such as https://sso.example."};
  Text metadata_file{*this, "webauthn.metadata", "", "path",
                     "A JSON array of FIDO metadata statements: the makes that `attestation_aaguids` may name."};
  Number workers{*this, "workers", 0, {0, 256}, "threads", "Threads that serve requests; 0: one for each processor."};
  Text log_level{*this, "log_level", "info", "", "The least grave events that go to the operator's log on stderr.",
                 {"info", "warn", "error"}};
  Text tls_certificate{*this, "tls.certificate", "", "path", "PEM chain, leaf first; empty: one of the local CA."};
  Text tls_key{*this, "tls.key", "", "path", "The private key of that certificate, PEM."};
  Text metrics_listen{*this, "metrics.listen", "", "host:port",
                      "Where Prometheus reads /metrics over plain HTTP; empty: nowhere."};
  Number connections{*this, "limits.connections", 10'000, {1, 1'000'000}, "connections",
                     "Open connections for each listener; beyond it the longest idle one gives way."};
  Number head_bytes{*this, "limits.head_bytes", 16'384, {1'024, 1'048'576}, "bytes", "Request line and headers."};
  Number head_s{*this, "limits.head_s", 10, {1, 600}, "seconds", "Time for a request's head, and for TLS."};
  Number body_bytes{*this, "limits.body_bytes", 65'536, {1'024, 16'777'216}, "bytes", "A request's body."};
  Number body_s{*this, "limits.body_s", 20, {1, 600}, "seconds", "Time for a request's body."};
  Number idle_s{*this, "limits.idle_s", 75, {1, 3'600}, "seconds", "How long a connection may be silent."};
  Number drain_s{*this, "limits.drain_s", 10, {0, 600}, "seconds", "Time for requests in flight when stopping."};
  Number push_lifetime_s{*this, "push.lifetime_s", 60, {10, 600}, "seconds", "How long a push waits for its answer."};
  Number attempt_kept_s{*this, "push.kept_s", 600, {300, 86'400}, "seconds",
                        "How long a decided sign-in can still be asked for."};
  List push_services{*this, "push.services",
                     {"*.push.services.mozilla.com", "fcm.googleapis.com", "*.push.apple.com", "*.notify.windows.com"},
                     "host",
                     "Push services that phones may subscribe with and this server then calls: a host, `*.domain`, or "
                     "an origin of one's own (`https://host:port`, `http://127.0.0.1:port`)."};
  Text push_contact{*this, "push.contact", "", "URL",
                    "A mailto: or https: address at which a push service finds the operator; empty: `public_url`."};
  Number activation_lifetime_s{*this, "activation.lifetime_s", 86'400, {60, 2'592'000}, "seconds",
                               "How long an activation link works."};
};

// Reads TOML text into `config`; `file` is what errors call it. Relative paths stay as written.
// malformed: "FILE:LINE: KEY: what is wrong and what is allowed".
Result<void> read_config(Config& config, std::string_view text, std::string_view file);
// The same from a file.   not_found: it cannot be read.
Result<void> read_config_file(Config& config, const std::string& file);

// docs/reference/config.md.
std::string config_manual();

}  // namespace countersign::server
