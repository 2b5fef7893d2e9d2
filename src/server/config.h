// The configuration: one TOML file. Adding a setting is one line in Config; the manual (docs/reference/config.md) is
// generated from these lines. Secrets stand here only as paths of files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "server/setting.h"

namespace countersign::server {

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
  Number reserve_mib{*this, "store.reserve_mib", 64, {0, 65'536}, "MiB",
                     "Room held beside the embedded database, out of which sign-ins go on when the disk is full."};
  Text root_key{*this, "root_key", "file", "",
                "Where the root key lives: `file` (root.key in the data directory), or what wraps that file: "
                "`pkcs11:…`, `tpm2:…`."};
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
  Text keyring{*this, "keys.keyring", "", "path",
               "The keyring's directory; empty: `keyring` in the data directory. Nodes on one database share one."};
  Text keys_process{*this, "keys.process", "own", "",
                    "`own`: keys live in a process of their own (`countersign keyd`); `inside`: in the server's.",
                    {"own", "inside"}};
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
  Text node{*this, "node", "node", "name", "This process in epochs and in the ledger; each node has its own."};
  Number retention_days{*this, "history.retention_days", 365, {1, 3'650}, "days",
                        "How long the history of tenants that say nothing else can be opened."};
  Number operator_rows{*this, "guards.operator_rows_a_day", 0, {0, 1'000'000'000}, "rows",
                       "How many rows of history the command line gives out in a day; 0: any number."};
  Number operator_tenants{*this, "guards.operator_tenants_an_hour", 20, {0, 1'000'000}, "tenants",
                          "Whose history the command line gives out in an hour; 0: everybody's."};
  Number operator_tenants_a_month{*this, "guards.operator_tenants_a_month", 60, {0, 1'000'000}, "tenants",
                                  "And in a month; 0: everybody's."};
  Number operator_canaries{*this, "guards.operator_canaries_an_hour", 10, {0, 1'000'000}, "tenants",
                           "Of how many tenants the command line may come across canaries in an hour; one more ends "
                           "its credential; 0: everybody's."};
  Number exports_second_person{*this, "exports.second_person_rows", 5'000, {0, 1'000'000'000}, "rows",
                               "An export of more rows of history takes a second person's signature; 0: every one."};
  Number exports_veto{*this, "exports.veto_minutes", 30, {0, 1'440}, "minutes",
                      "How long an export that has its signatures waits, so that its tenant can stop it; 0: not "
                      "at all."};
  Number push_lifetime_s{*this, "push.lifetime_s", 60, {10, 600}, "seconds", "How long a push waits for its answer."};
  Number attempt_kept_s{*this, "push.kept_s", 600, {300, 86'400}, "seconds",
                        "How long a decided sign-in can still be asked for."};
  List push_services{*this, "push.services",
                     {"*.push.services.mozilla.com", "fcm.googleapis.com", "*.push.apple.com", "*.notify.windows.com"},
                     "host",
                     "Push services that phones may subscribe with and this server then calls: a host, `*.domain`, or "
                     "an origin of one's own (`https://host:port`, `http://127.0.0.1:port`)."};
  List ledger_witnesses{*this, "ledger.witnesses", {}, "URL key",
                        "Witnesses of the ledger's heads: where each is, a space, and its key as `countersign witness "
                        "key` prints it."};
  Number ledger_quorum{*this, "ledger.quorum", 0, {0, 64}, "witnesses",
                       "How many of them must have cosigned a head for verifiers to trust it; 0: none."};
  Text ledger_witness_ca{*this, "ledger.witness_ca", "", "path",
                         "PEM: who certifies the witnesses' HTTPS; empty: the system's authorities."};
  Text push_contact{*this, "push.contact", "", "URL",
                    "A mailto: or https: address at which a push service finds the operator; empty: `public_url`."};
  Text mail_url{*this, "mail.url", "", "URL",
                "The mail server that takes our mails: smtp://host[:port] with STARTTLS, or smtps://host[:port]; "
                "empty: no mail is sent."};
  Text mail_from{*this, "mail.from", "", "address", "From whom mails are: the sender, and the From line."};
  Text mail_username{*this, "mail.username", "", "name", "Who signs in there; empty: nobody."};
  Text mail_password_file{*this, "mail.password_file", "", "path", "A file with that user's password."};
  Text mail_ca{*this, "mail.ca", "", "path", "PEM: who certifies the mail server; empty: the system's authorities."};
  Text mail_tls{*this, "mail.tls", "auto", "",
                "`required`: nothing is said before TLS; `auto`: the same, but for smtp:// to this machine itself.",
                {"auto", "required"}};
  Number mail_timeout_s{*this, "mail.timeout_s", 60, {1, 600}, "seconds", "Time for handing over one mail."};
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
