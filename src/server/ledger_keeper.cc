#include "server/ledger_keeper.h"

#include "core/history/epoch.h"
#include "core/record/auth_event.h"
#include "flow/administer.h"
#include "flow/close_epochs.h"
#include "flow/key_exchange.h"
#include "flow/retention.h"

namespace countersign::server {
namespace {

constexpr seconds kPublishEvery{1};  // security.md §2.3
constexpr seconds kCloseEvery{60};
constexpr seconds kMonthsEvery{3'600};
constexpr std::int64_t kDaysAhead = 3;  // a month's keys are ready before it begins

template <class T>
void complain(oplog::Log& log, oplog::EventName event, const Result<T>& done) {
  if (!done) log.warn(event, oplog::field(record::detail, done.error().what));
}

}  // namespace

Result<void> prepare_next_month(const flow::Ports& ports) {
  const std::int64_t today = record::day_of(ports.clock.now());
  const std::string next = history::month_of(today + kDaysAhead);
  if (next == history::month_of(today)) return {};
  if (ports.settings.key_exchange == flow::KeyExchange::database) return {};  // nodes agree on each when it is needed
  std::vector<TenantId> tenants;
  for (const Tenant& tenant : TRY(flow::list_tenants(ports))) tenants.push_back(tenant.id);
  return ports.keys.prepare_month(next, tenants);
}

LedgerKeeper::LedgerKeeper(KeeperPorts ports) : ports_(std::move(ports)), thread_([this] { run(); }) {}

LedgerKeeper::~LedgerKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void LedgerKeeper::run() {
  seconds since_close = kCloseEvery;  // what an earlier process left open is closed soon
  seconds since_months = kMonthsEvery;
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, kPublishEvery, [this] { return stopping_; })) {
    lock.unlock();
    publish();
    if ((since_close += kPublishEvery) >= kCloseEvery) {
      since_close = seconds(0);
      close();
    }
    if ((since_months += kPublishEvery) >= kMonthsEvery) {
      since_months = seconds(0);
      tend_months();
    }
    lock.lock();
  }
  publish();
}

void LedgerKeeper::publish() {
  complain(ports_.log, "ledger.not_published", flow::publish_checkpoints(ports_.flow, ports_.witness));
}

void LedgerKeeper::close() { complain(ports_.log, "history.not_closed", flow::close_epochs(ports_.flow)); }

void LedgerKeeper::tend_months() {
  complain(ports_.log, "history.month_not_prepared", prepare_next_month(ports_.flow));
  complain(ports_.log, "history.not_shredded", flow::destroy_what_others_destroyed(ports_.flow));
  const Result<flow::Due> due = flow::shred_what_is_due(ports_.flow);
  complain(ports_.log, "history.not_shredded", due);
  if (due && due->shredded > 0) ports_.log.info("history.shredded", oplog::field(record::count, due->shredded));
  if (due && due->held > 0) ports_.log.warn("history.shredded_tomorrow", oplog::field(record::count, due->held));
}

}  // namespace countersign::server
