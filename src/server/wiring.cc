#include "server/wiring.h"

#include <systemd/sd-daemon.h>

#include <cstdio>
#include <fstream>
#include <mutex>

#include "core/codec/json_write.h"
#include "core/factor/webauthn_metadata.h"
#include "faces/control/face.h"
#include "flow/guards.h"
#include "flow/key_exchange.h"
#include "flow/lineage.h"
#include "flow/ports.h"
#include "keys/local.h"
#include "keys/remote.h"
#include "net/control_socket.h"
#include "net/server.h"
#include "net/tls.h"
#include "net/wakeups.h"
#include "oplog/log.h"
#include "server/addresses.h"
#include "server/certificates.h"
#include "server/data_dir.h"
#include "server/demo.h"
#include "server/dispatcher.h"
#include "server/faces.h"
#include "server/metrics.h"
#include "server/ledger_keeper.h"
#include "server/mailer.h"
#include "server/push_key.h"
#include "server/router.h"
#include "server/signals.h"
#include "server/sweeper.h"
#include "server/system.h"
#include "server/witness_client.h"
#include "store/open.h"

namespace countersign::server {
namespace {

using factor::webauthn::Metadata;

// What the keys' process has to say. Until the server is ready it is kept: one that cannot start says why, in one line.
class KeyNews {
  oplog::Log& log_;
  std::mutex mutex_;
  bool ready_ = false;
  std::vector<std::string> kept_;

 public:
  explicit KeyNews(oplog::Log& log) : log_(log) {}
  void tell(std::string_view what) {
    const std::lock_guard lock(mutex_);
    if (!ready_) {
      kept_.emplace_back(what);
      return;
    }
    log_.warn("keys", oplog::field(record::detail, what));
  }
  void ready() {
    const std::lock_guard lock(mutex_);
    ready_ = true;
    for (const std::string& what : kept_) log_.warn("keys", oplog::field(record::detail, what));
    kept_.clear();
  }
};

struct KeyPorts {
  const Config& config;
  Random& random;
  const Clock& clock;
  KeyNews& news;
};

Result<std::unique_ptr<keys::Keys>> open_keys(const DataDir& dir, const KeyPorts& ports) {
  const keys::LocalKeys::Files files{
      .root_key = dir.file("root.key"),
      .keyring = (*ports.config.keyring).empty() ? dir.file("keyring") : *ports.config.keyring,
      .root_source = *ports.config.root_key};
  if (!std::filesystem::exists(files.root_key)) {
    if (std::filesystem::exists(dir.file("countersign.db"))) {
      return Error{Errc::not_found,
                   files.root_key + " is missing, and the database is sealed under it; restore it from a backup"};
    }
    keys::RootSource source = TRY(keys::RootSource::parse(files.root_source, files.root_key));
    TRY(source.create(keys::RootKeys::fresh(ports.random), ports.random));
  }
  if (*ports.config.keys_process == "inside") {
    return std::unique_ptr<keys::Keys>(TRY(keys::LocalKeys::open(files, ports.random, ports.clock)));
  }
  const auto tell = [&news = ports.news](std::string_view what) { news.tell(what); };
  return std::unique_ptr<keys::Keys>(TRY(keys::RemoteKeys::open({files, "/proc/self/exe", tell})));
}

net::ServerOptions server_options(const Config& config, oplog::Log& log) {
  net::ServerOptions out;
  out.limits.connections = static_cast<std::size_t>(*config.connections);
  out.limits.head_bytes = static_cast<std::size_t>(*config.head_bytes);
  out.limits.body_bytes = static_cast<std::size_t>(*config.body_bytes);
  out.limits.head = seconds(*config.head_s);
  out.limits.body = seconds(*config.body_s);
  out.limits.idle = seconds(*config.idle_s);
  out.limits.drain = seconds(*config.drain_s);
  out.threads = static_cast<unsigned>(*config.workers);
  out.on_event = [&log](std::string_view event) { log.warn("http.event", oplog::field(record::detail, event)); };
  return out;
}

oplog::Level level_of(const Config& config) {
  if (*config.log_level == "error") return oplog::Level::error;
  return *config.log_level == "warn" ? oplog::Level::warn : oplog::Level::info;
}

Result<flow::Settings> settings_of(const Config& config, std::string url, const crypto::Es256Key& push_key) {
  flow::Settings out;
  out.push_services = TRY(webpush::Services::parse(*config.push_services));
  out.push_key = push::application_server_key(push_key);
  out.push_lifetime = seconds(*config.push_lifetime_s);
  out.attempt_kept = seconds(*config.attempt_kept_s);
  out.activation_lifetime = seconds(*config.activation_lifetime_s);
  out.public_url = std::move(url);
  out.related_origins = *config.related_origins;
  out.node = *config.node;
  out.mail = (*config.mail_url).empty() ? flow::Mailing::none : flow::Mailing::by_server;
  out.retention_days = static_cast<int>(*config.retention_days);
  out.exports.second_person_rows = *config.exports_second_person;
  out.exports.veto = std::chrono::minutes(*config.exports_veto);
  const auto limit = [](const Number& number) {
    return *number == 0 ? std::optional<std::int64_t>() : std::optional(*number);
  };
  for (flow::Allowance& allowance : out.allowances) {
    if (allowance.kind != "operator") continue;
    allowance.rows_a_day = limit(config.operator_rows);
    allowance.tenants_an_hour = limit(config.operator_tenants);
    allowance.tenants_a_month = limit(config.operator_tenants_a_month);
    allowance.canaries_an_hour = limit(config.operator_canaries);
  }
  return out;
}

// nullptr: no mail server is named.
Result<std::unique_ptr<Mailer>> open_mailer(const Config& config, MailerPorts ports) {
  if ((*config.mail_url).empty()) return std::unique_ptr<Mailer>();
  mail::ServerOptions out;
  out.url = *config.mail_url;
  out.from = *config.mail_from;
  out.username = *config.mail_username;
  out.ca_file = *config.mail_ca;
  out.timeout = seconds(*config.mail_timeout_s);
  const bool plain = *config.mail_tls == "auto" && out.url.starts_with("smtp://") && mail::is_local(out.url);
  out.tls = plain ? mail::Tls::local : mail::Tls::needed;
  if (const std::string& file = *config.mail_password_file; !file.empty()) {
    std::ifstream in(file);
    std::string line;
    if (!std::getline(in, line) || line.empty()) {
      return Error{Errc::not_found, file + ": the mail server's password cannot be read"};
    }
    out.password = Secret(std::move(line));
  }
  return std::make_unique<Mailer>(ports, std::move(out));
}

// The makes of authenticator that policies may name; nullptr: no file was given.
Result<std::unique_ptr<const Metadata>> read_metadata(const Config& config) {
  const std::string& file = *config.metadata_file;
  if (file.empty()) return std::unique_ptr<const Metadata>();
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in || text.empty()) return Error{Errc::not_found, file + ": the metadata statements cannot be read"};
  Result<Metadata> read = Metadata::read_statements(text);
  if (!read) return Error{read.error().code, file + ": " + read.error().what};
  return std::unique_ptr<const Metadata>(std::make_unique<const Metadata>(*std::move(read)));
}

store::Reserving reserving(const Config& config, oplog::Log& log) {
  const auto tell = [&log](store::Space space) {
    switch (space) {
      case store::Space::enough: return log.info("store.has_room");
      case store::Space::short_of:
        return log.warn("store.short_of_room", oplog::field(record::detail, store::no_room().what));
      case store::Space::none: return log.error("store.has_no_room");
    }
  };
  return {.bytes = static_cast<std::uint64_t>(*config.reserve_mib) * 1024 * 1024, .on_space = tell};
}

Result<std::vector<HostPort>> addresses_of(const Config& config) {
  std::vector<HostPort> out;
  for (const std::string& text : *config.listen) out.push_back(TRY(parse_host_port(text)));
  return out;
}

Result<void> listen_all(net::Server& server, const std::vector<HostPort>& at, const net::TlsContext* tls,
                        const net::Handler& handler) {
  for (const HostPort& one : at) TRY(server.listen({one.host, one.port, tls, handler}));
  return {};
}

Result<void> listen_for_metrics(net::Server& server, const std::string& where, const Measured& measured) {
  if (where.empty()) return {};
  const HostPort at = TRY(parse_host_port(where));
  return listen_all(server, {at}, nullptr, [&](const net::HttpRequest& r) { return serve_metrics(measured, r); });
}

Result<std::unique_ptr<net::ControlSocket>> open_control(const DataDir& dir, const control::ControlFace& face) {
  return net::ControlSocket::open(
      dir.file("control.sock"), [&face](std::string_view line, net::LineWriter& out, net::LineReader& in) {
        const auto uid = in.peer_uid();
        face.answer(line, [&](const std::string& text) { return out.write(text).has_value(); },
                    uid ? std::string(flow::kOperatorPrefix) + std::to_string(*uid) : "command line",
                    [&in] { return in.next(); });
      });
}

Result<void> show_demo(const flow::Ports& ports, const DataDir& dir, const std::string& ca_file) {
  const std::string& url = ports.settings.public_url;
  const Secret text = TRY(prepare_demo(ports, {.public_url = url,
                                               .api_hostname = api_hostname(url),
                                               .ca_file = ca_file,
                                               .app_file = dir.file("demo-app.json")}));
  std::fwrite(text.reveal().data(), 1, text.size(), stderr);
  return {};
}

// Renews or reads again; the certificate in use stays where that fails.
void reload_certificate(bool own, const CertificatePorts& ports, const DataDir& dir,
                        const std::vector<std::string>& names, net::TlsContext& tls, oplog::Log& log) {
  const Result<Leaf> leaf = own ? prepare_certificates(ports, dir, names) : Result<Leaf>(Leaf::made);
  const Result<void> done = leaf ? tls.reload() : Result<void>(leaf.error());
  if (done) return log.info("certificate.reloaded");
  log.error("certificate.not_reloaded", oplog::field(record::detail, done.error().what));
}

// What whoever was refused does not hear; an alarm is for whoever is on call, by its name.
void tell_refusal(oplog::Log& log, std::string_view what, std::string_view why) {
  if (what == flow::kAlarm) return log.warn("alarm", oplog::field(record::detail, std::string(why)));
  log.warn("signin.refused", oplog::field(record::detail, std::string(what).append(": ").append(why)));
}

void say_ready(const net::Server& server, std::size_t https_listeners, const std::string& ca,
               std::chrono::steady_clock::time_point started) {
  const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started);
  codec::JsonWriter w;
  w.begin_object().key("event").string("ready").key("listen").begin_array();
  for (const net::Bound& bound : server.bound()) {
    if (bound.listener < https_listeners) w.string("https://" + net::text(bound));
  }
  w.end_array();
  for (const net::Bound& bound : server.bound()) {
    if (bound.listener >= https_listeners) w.key("metrics").string("http://" + net::text(bound) + "/metrics");
  }
  w.key("ca").string(ca).key("took_ms").integer(std::int64_t{took.count()}).end_object();
  std::printf("%s\n", w.take().c_str());
  std::fflush(stdout);
  sd_notify(0, "READY=1");
}

}  // namespace

Result<std::string> database_of(const Config& config) {
  if ((*config.database_file).empty()) return *config.database;
  std::ifstream in(*config.database_file);
  std::string url;
  if (!std::getline(in, url) || url.empty()) {
    return Error{Errc::not_found, *config.database_file + ": the database URL cannot be read"};
  }
  return url;
}

Result<void> serve(const Config& config, Demo demo, std::chrono::steady_clock::time_point started) {
  harden_process();
  block_signals();
  SystemClock clock;
  SystemRandom random;
  oplog::Log log(clock);
  log.keep_from(level_of(config));

  const DataDir dir = TRY(DataDir::open(*config.data));
  KeyNews news(log);
  const std::unique_ptr<keys::Keys> keys = TRY(open_keys(dir, {config, random, clock, news}));
  const std::string database = TRY(database_of(config));
  std::unique_ptr<store::Store> store = TRY(store::open(database, dir.path(), reserving(config, log)));

  const std::vector<HostPort> listen = TRY(addresses_of(config));
  const std::vector<std::string> names = host_names(config, listen);
  const bool own = (*config.tls_certificate).empty();
  const CertificatePorts certificate_ports{*store, *keys, clock, random};
  if (own) TRY(prepare_certificates(certificate_ports, dir, names));
  const auto tls = TRY(own ? net::TlsContext::load(dir.file("tls.pem"), dir.file("tls.pem"))
                           : net::TlsContext::load(*config.tls_certificate, *config.tls_key));

  net::Wakeups wakeups;
  net::Server server(clock, wakeups, server_options(config, log));
  Router router;
  TRY(listen_all(server, listen, tls.get(), [&](const net::HttpRequest& r) { return router.answer(r); }));
  flow::SignInCounts sign_ins;
  const Nodes nodes = database.starts_with("postgres") ? Nodes::several : Nodes::this_one;
  flow::AppCache apps;
  PushCounts pushes;
  MailCounts mails;
  const auto quorum = static_cast<std::size_t>(*config.ledger_quorum);
  flow::WitnessBook witnesses(TRY(read_witnesses(*config.ledger_witnesses, quorum)), quorum);
  const Measured measured{server.counters(), sign_ins, clock, clock.now(), [&] { return store->ping().has_value(); },
                          pushes, &witnesses, [&] { return store->room(); }, &mails};
  TRY(listen_for_metrics(server, *config.metrics_listen, measured));
  const std::string url = public_url(config, {listen.front().host, server.bound().front().port});
  const auto push_key = TRY(prepare_push_key(certificate_ports));
  const auto metadata = TRY(read_metadata(config));
  flow::Settings settings = TRY(settings_of(config, url, push_key));
  const bool own_keyrings = nodes == Nodes::several && (*config.keyring).empty();
  settings.key_exchange = own_keyrings ? flow::KeyExchange::database : flow::KeyExchange::none;
  const flow::Ports ports{.store = *store,
                          .keys = *keys,
                          .clock = clock,
                          .random = random,
                          .wake = [&](std::string_view key) { wakeups.wake(key); },
                          .settings = std::move(settings),
                          .counts = &sign_ins,
                          .metadata = metadata.get(),
                          .tell = [&](std::string_view what, std::string_view why) { tell_refusal(log, what, why); },
                          .apps = nodes == Nodes::this_one ? &apps : nullptr};
  Faces faces(ports, log, names, TRY(web::Templates::load()));
  faces.add_to(router);

  TRY(flow::agree_on_key(ports, TenantId(), std::string(keys::kLedgerName)));
  const control::ControlFace control(ports, api_hostname(url), &witnesses);
  auto control_socket = TRY(open_control(dir, control));
  const auto reload = [&] { reload_certificate(own, certificate_ports, dir, names, *tls, log); };
  const SweeperPorts swept{ports, log, [&] { return server.counters().waits_open.load() > 0; }, reload};
  auto sweeper = std::make_unique<Sweeper>(swept, nodes);
  push::Vapid vapid(push_key, (*config.push_contact).empty() ? url : *config.push_contact);
  const DispatcherPorts dispatched{ports, wakeups, log, vapid, pushes};
  auto dispatcher = std::make_unique<Dispatcher>(dispatched, push::SenderOptions());
  auto mailer = TRY(open_mailer(config, {ports, wakeups, log, mails}));
  const auto witnessed = TRY(WitnessClient::make({ports, log, witnesses, *config.ledger_witness_ca}));
  flow::Witness witness;
  if (!witnesses.witnesses().empty()) witness = [&](const std::string& note) { return witnessed->ask(note); };
  auto keeper = std::make_unique<LedgerKeeper>(KeeperPorts{ports, log, witness});
  auto signals = std::make_unique<Signals>(
      [&] {
        sd_notify(0, "STOPPING=1");
        log.info("server.draining");
        server.drain();
      },
      reload);

  const std::string ca = own ? dir.file("ca.pem") : "";
  if (demo == Demo::yes) TRY(show_demo(ports, dir, ca));
  say_ready(server, listen.size(), ca, started);
  news.ready();
  keys->gather([&] { server.soon([&] { keys->settle(); }); });
  server.run();
  signals.reset();
  keeper.reset();
  dispatcher.reset();
  mailer.reset();
  sweeper.reset();
  control_socket.reset();
  store.reset();  // its threads may still finish writes of what is destroyed below
  log.info("server.stopped");
  return {};
}

}  // namespace countersign::server
