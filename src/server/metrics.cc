#include "server/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <vector>

namespace countersign::server {
namespace {

template <class T>
double of(const std::atomic<T>& count) {
  return static_cast<double>(count.load(std::memory_order_relaxed));
}

double resident_bytes(const Measured&) {
  std::ifstream in("/proc/self/statm");
  std::int64_t total = 0;
  std::int64_t resident = 0;
  in >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

template <int kClass>
double responses(const Measured& m) {
  return of(m.http.responses[kClass - 1]);
}

constexpr auto kCounter = MetricKind::counter;
constexpr auto kGauge = MetricKind::gauge;
constexpr std::string_view kResponses = "countersign_http_responses_total";
constexpr std::string_view kResponsesMeaning = "Responses by the first digit of their status.";

constexpr std::string_view kSignIns = "countersign_sign_ins_total";
constexpr std::string_view kSignInsMeaning = "Sign-ins ended and logged, by the result of their event.";

constexpr std::string_view kPushes = "countersign_push_messages_total";
constexpr std::string_view kPushesMeaning = "Web Push messages tried, by what became of them.";

constexpr std::string_view kMails = "countersign_mails_total";
constexpr std::string_view kMailsMeaning = "Mails tried, by what became of them.";

template <std::atomic<std::int64_t> MailCounts::*kCount>
double mails(const Measured& m) {
  return m.mails ? of(m.mails->*kCount) : 0.0;
}

constexpr Metric kMetrics[] = {
    {"countersign_connections_accepted_total", "", "", kCounter, "Connections accepted.",
     [](const Measured& m) { return of(m.http.connections_accepted); }},
    {"countersign_connections_open", "", "", kGauge, "Connections open now.",
     [](const Measured& m) { return of(m.http.connections_open); }},
    {"countersign_connections_evicted_total", "", "", kCounter, "Idle connections that gave way at the limit.",
     [](const Measured& m) { return of(m.http.connections_evicted); }},
    {"countersign_accept_failures_total", "", "", kCounter, "Connections that could not be accepted.",
     [](const Measured& m) { return of(m.http.accept_failures); }},
    {"countersign_tls_handshakes_total", "", "", kCounter, "TLS handshakes completed.",
     [](const Measured& m) { return of(m.http.tls_handshakes); }},
    {"countersign_tls_failures_total", "", "", kCounter, "TLS handshakes that failed.",
     [](const Measured& m) { return of(m.http.tls_failures); }},
    {"countersign_http_requests_total", "", "", kCounter, "Whole requests given to a face.",
     [](const Measured& m) { return of(m.http.requests); }},
    {"countersign_http_requests_refused_total", "", "", kCounter, "Requests malformed, too large or too slow.",
     [](const Measured& m) { return of(m.http.requests_refused); }},
    {kResponses, "class", "2xx", kCounter, kResponsesMeaning, responses<2>},
    {kResponses, "class", "3xx", kCounter, kResponsesMeaning, responses<3>},
    {kResponses, "class", "4xx", kCounter, kResponsesMeaning, responses<4>},
    {kResponses, "class", "5xx", kCounter, kResponsesMeaning, responses<5>},
    {"countersign_http_too_many_requests_total", "", "", kCounter, "Responses with status 429.",
     [](const Measured& m) { return of(m.http.too_many_requests); }},
    {"countersign_handler_failures_total", "", "", kCounter, "Requests that failed inside the server.",
     [](const Measured& m) { return of(m.http.handler_failures); }},
    {"countersign_timeouts_total", "", "", kCounter, "Connections ended by a deadline, idle ones not counted.",
     [](const Measured& m) { return of(m.http.timeouts); }},
    {"countersign_waits_open", "", "", kGauge, "Requests that wait for a person or a stream.",
     [](const Measured& m) { return of(m.http.waits_open); }},
    {"countersign_received_bytes_total", "", "", kCounter, "Bytes read from clients.",
     [](const Measured& m) { return of(m.http.bytes_in); }},
    {"countersign_sent_bytes_total", "", "", kCounter, "Bytes written to clients.",
     [](const Measured& m) { return of(m.http.bytes_out); }},
    {kSignIns, "result", "success", kCounter, kSignInsMeaning,
     [](const Measured& m) { return of(m.sign_ins.success); }},
    {kSignIns, "result", "denied", kCounter, kSignInsMeaning,
     [](const Measured& m) { return of(m.sign_ins.denied); }},
    {kSignIns, "result", "fraud", kCounter, kSignInsMeaning, [](const Measured& m) { return of(m.sign_ins.fraud); }},
    {"countersign_alarms_total", "", "", kCounter,
     "Readers in bulk that a canary ended: 0, always (docs/operating/guards.md).",
     [](const Measured& m) { return of(m.sign_ins.alarms); }},
    {kPushes, "result", "sent", kCounter, kPushesMeaning, [](const Measured& m) { return of(m.pushes.sent); }},
    {kPushes, "result", "failed", kCounter, kPushesMeaning, [](const Measured& m) { return of(m.pushes.failed); }},
    {kPushes, "result", "gone", kCounter, kPushesMeaning, [](const Measured& m) { return of(m.pushes.gone); }},
    {kMails, "result", "sent", kCounter, kMailsMeaning, mails<&MailCounts::sent>},
    {kMails, "result", "refused", kCounter, kMailsMeaning, mails<&MailCounts::refused>},
    {kMails, "result", "later", kCounter, kMailsMeaning, mails<&MailCounts::later>},
    {"countersign_ledger_cosignatures", "", "", kGauge, "Witnesses that have cosigned the ledger's newest head.",
     [](const Measured& m) { return m.witnesses ? static_cast<double>(m.witnesses->cosigned()) : 0.0; }},
    {"countersign_ledger_quorum_met", "", "", kGauge, "1 while enough witnesses have cosigned the newest head.",
     [](const Measured& m) { return !m.witnesses || m.witnesses->quorum_met() ? 1.0 : 0.0; }},
    {"countersign_ledger_witnesses_disagreeing", "", "", kGauge, "Witnesses that have seen another ledger: 0, always.",
     [](const Measured& m) { return m.witnesses ? static_cast<double>(m.witnesses->disagreeing()) : 0.0; }},
    {"countersign_store_up", "", "", kGauge, "1 while the database answers.",
     [](const Measured& m) { return m.store_answers() ? 1.0 : 0.0; }},
    {"countersign_store_room_short", "", "", kGauge, "1 while the database's disk has no room but for sign-ins.",
     [](const Measured& m) { return m.room().space == store::Space::enough ? 0.0 : 1.0; }},
    {"countersign_store_reserve_bytes", "", "", kGauge, "Held on the disk for sign-ins.",
     [](const Measured& m) { return static_cast<double>(m.room().reserve_bytes); }},
    {"process_resident_memory_bytes", "", "", kGauge, "Memory of the process.", resident_bytes},
    {"process_uptime_seconds", "", "", kGauge, "Seconds since the start.",
     [](const Measured& m) {
       return static_cast<double>((m.clock.now() - m.started).count()) / 1000;
     }},
};

}  // namespace

std::span<const Metric> metrics() { return kMetrics; }

std::string metrics_text(const Measured& from) {
  std::vector<prometheus::MetricFamily> families;
  for (const Metric& metric : metrics()) {
    if (families.empty() || families.back().name != metric.name) {
      prometheus::MetricFamily& family = families.emplace_back();
      family.name = metric.name;
      family.help = metric.meaning;
      family.type = metric.kind == kCounter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    }
    prometheus::ClientMetric& value = families.back().metric.emplace_back();
    if (!metric.label.empty()) value.label.push_back({std::string(metric.label), std::string(metric.value)});
    value.counter.value = value.gauge.value = metric.read(from);
  }
  return prometheus::TextSerializer().Serialize(families);
}

net::HttpResponse serve_metrics(const Measured& from, const net::HttpRequest& request) {
  if (request.path != "/metrics") {
    return {.status = 404, .content_type = "text/plain", .body = "Not found.\n", .headers = {}};
  }
  if (request.method != "GET") {
    return {.status = 405, .content_type = "text/plain", .body = "Only GET.\n", .headers = {{"Allow", "GET"}}};
  }
  return {.status = 200, .content_type = "text/plain; version=0.0.4", .body = metrics_text(from), .headers = {}};
}

}  // namespace countersign::server
