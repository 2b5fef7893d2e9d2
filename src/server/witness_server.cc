#include "server/witness_server.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "net/server.h"
#include "net/tls.h"
#include "net/wakeups.h"
#include "oplog/log.h"
#include "server/addresses.h"
#include "server/data_dir.h"
#include "server/signals.h"
#include "server/system.h"
#include "server/witness.h"

namespace countersign::server {
namespace {

constexpr unsigned kThreads = 4;

Result<std::vector<ledger::VerifierKey>> logs_of(const WitnessWords& words) {
  if (words.logs.empty()) return Error{Errc::malformed, "--log is missing: the key that `ledger status` prints"};
  std::vector<ledger::VerifierKey> out;
  for (const std::string& text : words.logs) {
    const Result<ledger::VerifierKey> key = ledger::VerifierKey::parse(text);
    if (!key) return Error{Errc::malformed, "--log " + text + ": " + key.error().what};
    out.push_back(*key);
  }
  return out;
}

Result<void> listen_all(net::Server& server, const WitnessWords& words, const net::TlsContext* tls,
                        const net::Handler& handler) {
  for (const std::string& text : words.listen) {
    const HostPort at = TRY(parse_host_port(text));
    if (tls == nullptr && !is_loopback(at.host)) {
      return Error{Errc::malformed,
                   text + ": without --tls-certificate a witness listens on loopback alone, behind a proxy"};
    }
    TRY(server.listen({at.host, at.port, tls, handler}));
  }
  return {};
}

void say_ready(const net::Server& server, const std::string& scheme, const ledger::VerifierKey& key) {
  codec::JsonWriter w;
  w.begin_object().key("event").string("ready").key("listen").begin_array();
  for (const net::Bound& bound : server.bound()) w.string(scheme + net::text(bound));
  w.end_array().key("key").string(key.text()).end_object();
  std::printf("%s\n", w.take().c_str());
  std::fflush(stdout);
}

int print_key(const Globals& globals, const std::string& name) {
  SystemRandom random;
  const auto key = [&]() -> Result<std::string> {
    // A witness that runs holds its folder, and has a key.
    std::optional<DataDir> fresh;
    if (!std::filesystem::exists(globals.data + "/witness.key")) fresh.emplace(TRY(DataDir::open(globals.data)));
    return TRY(open_witness_key(globals.data, name, random)).verifier.text();
  }();
  if (!key) return complain(key.error());
  if (globals.json) {
    codec::JsonWriter w;
    std::printf("%s\n", w.begin_object().key("key").string(*key).end_object().take().c_str());
  } else {
    std::printf("%s\n", key->c_str());
  }
  return kDone;
}

}  // namespace

Result<void> serve_witness(const std::string& data, const WitnessWords& words) {
  const std::vector<ledger::VerifierKey> logs = TRY(logs_of(words));
  if (words.tls_certificate.empty() != words.tls_key.empty()) {
    return Error{Errc::malformed, "--tls-certificate and --tls-key go together"};
  }
  harden_process();
  block_signals();
  SystemClock clock;
  SystemRandom random;
  oplog::Log log(clock);
  const DataDir dir = TRY(DataDir::open(data));
  const ledger::SigningKey key = TRY(open_witness_key(dir.path().string(), words.name, random));
  const auto witness = TRY(Witness::open({clock, key.verifier, ledger::sign_with(key.key)}, dir.path().string(), logs));
  std::unique_ptr<net::TlsContext> tls;
  if (!words.tls_certificate.empty()) tls = TRY(net::TlsContext::load(words.tls_certificate, words.tls_key));
  net::Wakeups wakeups;
  net::ServerOptions options;
  options.limits.body_bytes = ledger::kAddCheckpointMax;
  options.limits.connections = 1'000;
  options.threads = kThreads;
  options.on_event = [&log](std::string_view event) { log.warn("http.event", oplog::field(record::detail, event)); };
  net::Server server(clock, wakeups, options);
  TRY(listen_all(server, words, tls.get(), [&](const net::HttpRequest& request) {
    net::HttpResponse answer = witness->serve(request);
    if (answer.status == 503) log.error("witness.not_kept", oplog::field(record::detail, "the head was not cosigned"));
    return net::Reply(std::move(answer));
  }));
  const Signals signals([&] { server.drain(); },
                        [&] {
                          if (tls && !tls->reload()) log.error("certificate.not_reloaded");
                        });
  say_ready(server, tls ? "https://" : "http://", key.verifier);
  server.run();
  return {};
}

void add_witness_commands(CLI::App& app, const Globals& globals, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand("witness", "Watch the ledger of another server: cosign heads that continue it");
  sub->fallthrough();
  auto words = std::make_shared<WitnessWords>();  // shared: CLI11's options and the callback refer to it
  sub->add_option("--listen", words->listen, "HOST:PORT; more than once is fine")->capture_default_str();
  sub->add_option("--log", words->logs, "The key of a log to watch, as `ledger status` prints it; more than once");
  sub->add_option("--name", words->name, "What the key is called, where one is made: mind to choose it for good");
  sub->add_option("--tls-certificate", words->tls_certificate, "PEM chain; without it plain HTTP, on loopback alone");
  sub->add_option("--tls-key", words->tls_key, "Its key");
  CLI::App* key = sub->add_subcommand("key", "Print the witness's key, for `ledger.witnesses` and for verifiers");
  key->fallthrough();
  sub->callback([&globals, &chosen, words, key] {
    if (key->parsed()) {
      chosen = [&globals, words] { return print_key(globals, words->name); };
      return;
    }
    chosen = [&globals, words] {
      const Result<void> served = serve_witness(globals.data, *words);
      return served ? kDone : complain(served.error());
    };
  });
}

}  // namespace countersign::server
