// Every metric, once: name, label, kind, meaning and where it is read. No label takes unbounded values, none names a
// user or tenant. docs/operating/limits.md shows what to watch.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "flow/ports.h"
#include "flow/witness_book.h"
#include "net/counters.h"
#include "net/http.h"
#include "server/dispatcher.h"
#include "server/mailer.h"

namespace countersign::server {

// What the metrics are read from, at the moment of asking.
struct Measured {
  const net::Counters& http;
  const flow::SignInCounts& sign_ins;
  const Clock& clock;
  Instant started;
  std::function<bool()> store_answers;
  const PushCounts& pushes;
  const flow::WitnessBook* witnesses = nullptr;  // of the ledger; nullptr: it has none
  std::function<store::Room()> room = [] { return store::Room(); };
  const MailCounts* mails = nullptr;             // nullptr: nobody sends any
};

enum class MetricKind { counter, gauge };

struct Metric {
  std::string_view name;
  std::string_view label, value;  // empty: none
  MetricKind kind;
  std::string_view meaning;
  double (*read)(const Measured& from);
};

// Those of one name stand together.
std::span<const Metric> metrics();

// Prometheus' text format.
std::string metrics_text(const Measured& from);
// GET /metrics; anything else is 404 or 405.
net::HttpResponse serve_metrics(const Measured& from, const net::HttpRequest& request);

}  // namespace countersign::server
