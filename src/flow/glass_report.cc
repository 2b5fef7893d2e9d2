// What break glass leaves behind: it is closed when its hour is over, tenants are told while it lasts, and hear at the
// end what was read of them.
#include <algorithm>
#include <map>

#include "flow/break_glass.h"
#include "flow/glass_events.h"
#include "flow/ledger.h"
#include "flow/mail.h"
#include "flow/run_again.h"
#include "flow/sign_in.h"
#include "store/ledger.h"

namespace countersign::flow {
namespace {

constexpr int kPageEntries = 2'000;
constexpr std::string_view kActionOpen = "break_glass_open";
constexpr std::string_view kActionReport = "break_glass_report";

ledger::Event service_event(const Ports& ports, const store::GlassOpening& opening, const TenantId& tenant) {
  ledger::Actor service;
  service.kind = "service";
  ledger::Event event = begin_event(ports, ledger::EventType::break_glass, tenant, std::move(service));
  event.case_reference = opening.case_reference;
  event.query = glass_query(opening.number, TenantId());
  return event;
}

void add(std::map<std::string, GlassReads>& to, const store::LedgerEntry& entry, const std::string& mark) {
  const Result<ledger::Event> event = ledger::decode_event(entry.entry);
  if (!event || event->tenant.empty() || event->detail != mark) return;
  GlassReads& tenant = to[entry.tree];
  tenant.tenant = event->tenant;
  ++tenant.events;
  tenant.rows += event->type == ledger::EventType::key_release ? 0 : event->count;  // there it counts days
  tenant.first = tenant.first ? std::min(*tenant.first, entry.at) : entry.at;
  tenant.last = tenant.last ? std::max(*tenant.last, entry.at) : entry.at;
}

Result<std::map<std::string, GlassReads>> reads_of(const Ports& ports, const store::GlassOpening& opening) {
  std::map<std::string, GlassReads> out;
  store::EntryQuery query{.by = store::FoundBy::credential,
                          .value = opening.credential,
                          .from = opening.opened - kGlassStep,
                          .to = std::max(opening.closes, opening.seen) + seconds(1),
                          .limit = kPageEntries};
  const std::string mark = glass_mark(opening.number);
  for (;;) {
    std::vector<store::LedgerEntry> page;
    query.after = TRY(store::read(ports.store, [&](store::Txn& txn) {
      page.clear();
      return store::find_entries(txn, query, [&](const store::LedgerEntry& entry) { page.push_back(entry); });
    }));
    for (const store::LedgerEntry& entry : page) add(out, entry, mark);
    if (!query.after) return out;
  }
}

// An activity of the tenant, and the event that names it. Where nothing can be sealed for the tenant, the event alone.
struct Word {
  ledger::Event event;
  std::optional<store::HistoryRow> activity;
};

Result<Word> word_of(const Ports& ports, const store::GlassOpening& opening, const TenantId& tenant,
                     const std::pair<std::string_view, std::string>& said) {
  Word out{service_event(ports, opening, tenant), {}};
  out.event.object = said.first;
  record::ActivityEvent activity;
  activity.id = EventId::make(ports.random);
  activity.tenant = tenant;
  activity.at = ports.clock.now();
  activity.action = said.first;
  activity.details = said.second;
  activity.actor_type = "system";
  activity.actor_key = opening.credential;
  activity.actor_name = "command line";
  activity.target_type = "tenant";
  activity.target_key = tenant.text();
  Result<store::HistoryRow> row = seal_event(ports, activity);
  if (!row && row.error().code == Errc::unavailable) return row.error();
  if (!row) return out;
  out.event.rows = {row_set(*row)};
  out.event.count = 1;
  out.activity = *std::move(row);
  return out;
}

Result<void> write_word(store::Txn& txn, const Word& word) {
  if (word.activity) TRY(store::append_history(txn, *word.activity));
  return record(txn, {word.event});
}

Letter letter_of(const store::GlassOpening& opening) {
  Letter out;
  out.purpose = "break_glass";
  out.reference = std::to_string(opening.number);
  out.subject = "Emergency access to the sign-in records of your organisation";
  out.text =
      "The operator of your sign-in service has used emergency access (break glass) and has read sign-in records of\n"
      "your organisation with it.\n\n"
      "Reason: " + opening.reason + "\nCase: " + opening.case_reference + "\nNumber: " + out.reference + "\n\n"
      "It ends within an hour. Which records were read stands, row by row, in your part of the ledger, which\n"
      "you can check yourself. A record of it is in your activity log; another, with the numbers, follows when\n"
      "it is over. If you did not expect this, ask the operator on a way you know, not by answering this message.\n";
  return out;
}

Result<void> tell(const Ports& ports, const store::GlassOpening& opening, store::GlassTenant tenant) {
  codec::JsonWriter w;
  w.begin_object().key("glass").integer(opening.number).key("reason").string(opening.reason);
  w.key("case").string(opening.case_reference).end_object();
  const Word word = TRY(word_of(ports, opening, tenant.tenant, {kActionOpen, w.take()}));
  // A letter that cannot be written keeps nobody from being told otherwise.
  const auto mail = seal_mail_to_contact(ports, tenant.tenant, letter_of(opening));
  if (!mail && mail.error().code == Errc::unavailable) return mail.error();
  tenant.told = ports.clock.now();
  return write_again(ports.store, [&](store::Txn& txn) -> Result<void> {
    if (!TRY(store::tell_glass_tenant(txn, opening.number, tenant))) return {};
    if (mail && *mail) TRY(post(ports, txn, **mail));
    return write_word(txn, word);
  });
}

Result<void> report(const Ports& ports, const store::GlassOpening& opening, store::GlassTenant tenant,
                    const GlassReads& reads) {
  codec::JsonWriter w;
  w.begin_object().key("glass").integer(opening.number).key("events").integer(reads.events);
  w.key("rows").integer(reads.rows).end_object();
  Word word = TRY(word_of(ports, opening, tenant.tenant, {kActionReport, w.take()}));
  ledger::Event closed = service_event(ports, opening, tenant.tenant);
  closed.object = "close";
  closed.count = reads.rows;
  tenant.reported = ports.clock.now();
  return write_again(ports.store, [&](store::Txn& txn) -> Result<void> {
    if (!TRY(store::report_glass_tenant(txn, opening.number, tenant))) return {};
    TRY(record(txn, {closed}));
    return write_word(txn, word);
  });
}

Result<void> close(const Ports& ports, store::GlassOpening& opening) {
  const Instant now = ports.clock.now();
  const bool over = now >= opening.closes;
  opening.closed = over ? opening.closes : std::max(now, opening.opened);
  ledger::Event event = service_event(ports, opening, TenantId());
  event.object = "close";
  event.detail = over ? "its hour is over" : "the clock was set back";
  return write_again(ports.store, [&](store::Txn& txn) -> Result<void> {
    if (!TRY(store::close_glass(txn, opening.number, *opening.closed))) return {};  // another node was first
    return record(txn, {event});
  });
}

Result<std::vector<store::GlassTenant>> tenants_of(const Ports& ports, const store::GlassOpening& opening) {
  return store::read(ports.store, [&](store::Txn& txn) { return store::glass_tenants(txn, opening.number); });
}

Result<void> finish(const Ports& ports, const store::GlassOpening& opening) {
  const std::map<std::string, GlassReads> reads = TRY(reads_of(ports, opening));
  ledger::Event event = service_event(ports, opening, TenantId());
  event.object = "report";
  for (const store::GlassTenant& tenant : TRY(tenants_of(ports, opening))) {
    const auto found = reads.find(tenant.tenant.text());
    const GlassReads mine = found == reads.end() ? GlassReads{tenant.tenant} : found->second;
    event.count += mine.rows;
    if (!tenant.reported) TRY(report(ports, opening, tenant, mine));
  }
  return write_again(ports.store, [&](store::Txn& txn) -> Result<void> {
    if (!TRY(store::report_glass(txn, opening.number, ports.clock.now()))) return {};
    return record(txn, {event});
  });
}

}  // namespace

Result<GlassReport> glass_report(const Ports& ports, std::int64_t number) {
  const auto opening =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return store::glass_opening(txn, number); }));
  if (!opening) return Error{Errc::not_found, "the glass was not opened so often"};
  GlassReport out{*opening, {}};
  for (auto& [tree, reads] : TRY(reads_of(ports, *opening))) out.tenants.push_back(std::move(reads));
  return out;
}

Result<void> tend_glass(const Ports& ports) {
  for (store::GlassOpening& opening : TRY(store::read(ports.store, store::unreported_glass))) {
    const Instant now = ports.clock.now();
    if (is_open(opening, now)) {
      TRY(write_again(ports.store, [&](store::Txn& txn) { return store::see_glass(txn, opening.number, now); }));
    } else if (!opening.closed) {
      TRY(close(ports, opening));
    }
    for (const store::GlassTenant& tenant : TRY(tenants_of(ports, opening))) {
      if (!tenant.told) TRY(tell(ports, opening, tenant));
    }
    if (opening.closed) TRY(finish(ports, opening));
  }
  return {};
}

}  // namespace countersign::flow
