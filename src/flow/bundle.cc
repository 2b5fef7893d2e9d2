#include "flow/bundle.h"

#include <algorithm>
#include <map>

#include "core/codec/hex.h"
#include "core/codec/json_write.h"
#include "core/crypto/hash.h"
#include "core/history/export.h"
#include "core/record/auth_event.h"
#include "flow/breach_clocks.h"
#include "flow/checkpoints.h"
#include "flow/history_book.h"
#include "flow/ledger.h"
#include "flow/read_ledger.h"
#include "flow/run_again.h"

namespace countersign::flow {
namespace {

constexpr std::size_t kRunsAnEvent = 3'000;  // some 40 KB of numbers: an event has 65,535 bytes
constexpr int kDayMs = 86'400'000;

struct Listed {
  std::string path, sha256;
  std::size_t size = 0;
};

std::string sha256_of(std::string_view content) {
  return codec::to_hex(crypto::hash(crypto::HashKind::sha256, bytes_of(content)));
}

// The rows as events name them: a few row sets in each, so that none is too long.
std::vector<std::vector<ledger::RowSet>> row_sets(const RowsByEpoch& rows) {
  std::vector<std::vector<ledger::RowSet>> out;
  std::size_t room = 0;
  for (const auto& [epoch, numbers] : rows) {
    RowNumbers part;
    std::size_t runs = 0;
    const auto put = [&] {
      if (runs == 0) return;
      if (room < runs + 4) out.emplace_back(), room = kRunsAnEvent + 4;
      out.back().push_back({.epoch = epoch, .rows = part.text(), .count = part.count()});
      room -= std::min(room, runs + 4);
      part = {}, runs = 0;
    };
    for (const auto& [first, last] : numbers.runs()) {
      part.add(first, last);
      if (++runs == kRunsAnEvent) put();
    }
    put();
  }
  return out;
}

// Writes the files of one tenant and remembers what the manifest says of them.
class Bundling {
  const Administration& by_;
  const Ports& ports_ = by_.ports;
  const BundleFacts& facts_;
  const OnBundleFile& on_file_;
  std::vector<Listed> files_;
  RowNumbers events_;                            // that stand in reads.jsonl
  std::map<std::string, std::uint64_t> closed_;  // epochs, by the event that closed them

  Result<void> put(std::string path, std::string content) {
    files_.push_back({path, sha256_of(content), content.size()});
    return on_file_(facts_.exposed.tenant, {std::move(path), std::move(content)});
  }

 public:
  Bundling(const Administration& by, const BundleFacts& facts, const OnBundleFile& on_file)
      : by_(by), facts_(facts), on_file_(on_file), events_(facts.exposed.events) {}

  // No event, no byte.
  Result<void> record_rows(const RowsByEpoch& rows) const {
    std::vector<ledger::Event> events;
    ledger::Event event =
        begin_event(ports_, ledger::EventType::export_, facts_.exposed.tenant, ledger_actor(by_.actor));
    event.purpose = "incident";
    event.case_reference = facts_.scope.id;
    event.object = "history";
    for (auto& sets : row_sets(rows)) {
      event.rows = std::move(sets);
      event.count = 0;
      for (const ledger::RowSet& set : event.rows) event.count += set.count;
      events.push_back(event);
    }
    if (events.empty()) events.push_back(event);
    return write_again(ports_.store, [&](store::Txn& txn) { return record(txn, events); });
  }

  // A trailer is as good as the event that holds it.
  Result<void> find_closings(const RowsByEpoch& rows) {
    Result<void> fine;
    TRY(each_ledger_entry(ports_, facts_.exposed.tenant.text(), 0, [&](const store::LedgerEntry& entry) {
      if (entry.entry.find(R"("type":"epoch_closed")") == std::string::npos) return true;
      const Result<ledger::Event> event = ledger::decode_event(entry.entry);
      if (!event) fine = event.error();
      if (event && rows.contains(event->object)) closed_[event->object] = entry.seq;
      return fine.has_value();
    }));
    return fine;
  }

  Result<void> put_rows(const RowsByEpoch& rows) {
    std::string text;
    std::uint64_t in_file = 0, file = 1;
    const auto add = [&](const history::ExportLine& line) { text += history::encode(line) + "\n"; };
    const auto begin = [&] {
      const auto [first, last] = days();
      add(history::ExportHead{facts_.exposed.tenant, facts_.tenant.name, first, last,
                              std::chrono::floor<seconds>(facts_.made)});
    };
    const auto end = [&]() -> Result<void> {
      add(history::ExportEnd{in_file});
      in_file = 0;
      const std::string name = file == 1 ? "exposed.mfae" : "exposed-" + std::to_string(file) + ".mfae";
      ++file;
      return put(name, std::exchange(text, {}));
    };
    begin();
    history::EpochId current{};
    TRY(each_row(ports_, facts_.exposed.tenant, rows,
                 [&](const store::StoredEpoch& epoch, const std::vector<store::HistoryRow>& page) -> Result<void> {
                   const bool full = in_file + page.size() > kRowsAFile && in_file > 0;
                   if (full) {
                     TRY(end());
                     begin();
                   }
                   if (full || epoch.id != current) {
                     // A trailer counts all rows: it stands only where all of them follow, in this file.
                     const std::string id = codec::to_hex(epoch.id);
                     const std::uint64_t here = rows.at(id).count();
                     const bool whole = epoch.rows == here && epoch.id != current && in_file + here <= kRowsAFile &&
                                        closed_.contains(id);
                     if (whole) events_.add(closed_[id], closed_[id]);
                     add(history::ExportEpoch{epoch.header, whole ? epoch.trailer : Bytes()});
                   }
                   current = epoch.id;
                   for (const store::HistoryRow& row : page) {
                     add(history::ExportRow{row.sealed,
                                            record::open_part(row.tenant, name_of(row.stream), row.day, row.id)});
                   }
                   in_file += page.size();
                   return {};
                 }));
    return end();
  }

  // The days of the reads, for the head of a file.
  std::pair<std::int64_t, std::int64_t> days() const {
    if (!facts_.exposed.days.empty()) return {facts_.exposed.days.front(), facts_.exposed.days.back()};
    const auto day = [](Instant at) { return unix_ms(at) / kDayMs; };
    return {0, facts_.exposed.last ? day(*facts_.exposed.last) : day(facts_.made)};
  }

  Result<void> put_reads() {
    std::string reads;
    for (const auto& [first, last] : events_.runs()) {
      for (std::uint64_t seq = first; seq <= last; ++seq) {
        const ledger::EventProof proof = TRY(prove_event(ports_, facts_.exposed.tenant.text(), seq));
        reads += std::string(text_of(*proof.event.extra)) + "\n";
        TRY(put("proofs/" + std::to_string(seq) + ".event-proof", ledger::print(proof)));
      }
    }
    return put("reads.jsonl", std::move(reads));
  }

  Result<void> put_letters(const WriteLetters& letters) {
    for (BundleFile& file : TRY(letters(facts_))) TRY(put(std::move(file.path), std::move(file.content)));
    return put("regulator-gdpr33.json", regulator_json(facts_));
  }

  Result<void> put_manifest() {
    const LogName log = TRY(log_name(ports_));
    const ledger::VerifierKey key = TRY(log.key.named(log.origin + std::string(kManifestKey)));
    const std::string json = manifest();
    const std::string text = key.name() + "\n" + sha256_of(json) + "\n";
    const ledger::Sign sign = [&](ByteView what) { return ports_.keys.sign_note(text_of(what)); };
    const ledger::Note note{text, {TRY(ledger::sign_note(text, key, sign))}};
    TRY(on_file_(facts_.exposed.tenant, {"manifest.json", json}));
    return on_file_(facts_.exposed.tenant, {"manifest.note", ledger::print(note)});
  }

 private:
  std::string manifest() const {
    const ScopeQuery& query = facts_.scope.query;
    codec::JsonWriter w;
    w.begin_object().key("bundle").integer(1).key("tenant").string(facts_.exposed.tenant.text());
    w.key("scope").string(facts_.scope.id).key("by").string(name(query.by));
    w.key("from_ms").integer(unix_ms(query.from)).key("to_ms").integer(unix_ms(query.to));
    w.key("made_ms").integer(unix_ms(facts_.made)).key("custody").string(store::name(facts_.custody));
    w.key("released").integer(facts_.exposed.released).key("returned").integer(facts_.exposed.returned);
    w.key("viewed").integer(facts_.exposed.viewed).key("events").integer(events_.count());
    w.key("days").begin_array();
    for (const std::int64_t day : facts_.exposed.days) w.integer(day);
    w.end_array().key("supplier").boolean(query.by == ScopeBy::supplier);
    w.key("users");
    facts_.people ? w.integer(static_cast<std::uint64_t>(facts_.people->people.size())) : w.null();
    w.key("files").begin_array();
    for (const Listed& file : files_) {
      w.begin_object().key("path").string(file.path).key("bytes").integer(static_cast<std::uint64_t>(file.size));
      w.key("sha256").string(file.sha256).end_object();
    }
    return w.end_array().end_object().take() + "\n";
  }
};

Result<void> one_bundle(const Administration& by, const Scope& scope, const ExposedTenant& exposed,
                        const std::pair<const WriteLetters&, const OnBundleFile&>& out) {
  const BundleFacts facts = TRY(facts_of(by, scope, exposed));
  const ExposedRows rows = TRY(rows_of(by.ports, scope, exposed));
  Bundling bundle(by, facts, out.second);
  TRY(bundle.record_rows(rows.returned));
  TRY(bundle.find_closings(rows.returned));
  TRY(bundle.put_rows(rows.returned));
  TRY(bundle.put_reads());
  TRY(bundle.put_letters(out.first));
  return bundle.put_manifest();
}

}  // namespace

Result<BundleFacts> facts_of(const Administration& by, const Scope& scope, const ExposedTenant& exposed) {
  BundleFacts facts{.scope = scope, .exposed = exposed, .tenant = {}, .made = by.ports.clock.now()};
  TRY(by.ports.store.read([&](store::Txn& txn) -> Result<void> {
    const auto tenant = TRY(store::tenant_by_id(txn, exposed.tenant));
    if (!tenant) return Error{Errc::not_found, "a tenant of this scope is gone"};
    facts.tenant = *tenant;
    facts.custody = TRY(store::keeping_of(txn, exposed.tenant)).custody;
    return {};
  }));
  Result<ExposedPeople> people = people_of(by, scope, exposed);
  if (!people && people.error().code == Errc::unavailable) return people.error();
  if (people) {
    facts.people = *std::move(people);
  } else {
    facts.people_unknown = people.error().what;
  }
  return facts;
}

Result<void> each_bundle(const Administration& by, const BundleQuery& query, const WriteLetters& letters,
                         const OnBundleFile& on_file) {
  const Scope scope = TRY(kept_scope(by.ports, query.scope));
  bool found = !query.tenant;
  for (const ExposedTenant& exposed : scope.tenants) {
    if (query.tenant && exposed.tenant != *query.tenant) continue;
    found = true;
    TRY(one_bundle(by, scope, exposed, {letters, on_file}));
  }
  if (!found) return Error{Errc::not_found, "the scope does not name this tenant"};
  return {};
}

std::string regulator_json(const BundleFacts& facts) {
  const ExposedTenant& exposed = facts.exposed;
  const bool readable = facts.scope.query.by == ScopeBy::supplier || exposed.released > 0;
  codec::JsonWriter w;
  w.begin_object().key("form").string("GDPR Art. 33(3), draft").key("aware_s").integer(unix_s(facts.scope.made));
  w.key("a_nature")
      .begin_object()
      .key("description")
      .string(facts.scope.query.by == ScopeBy::supplier ? "Records of messages held by a supplier of telephone "
                                                          "messages may have been read by somebody who was not "
                                                          "allowed to."
                                                        : "Records of sign-ins and of changes of accounts were read by "
                                                          "means of credentials that somebody else used.");
  w.key("categories_of_people").string("users and administrators of the organisation's sign-in service");
  w.key("number_of_people");
  facts.people ? w.integer(static_cast<std::uint64_t>(facts.people->people.size())) : w.null();
  w.key("number_of_people_unknown_because").string(facts.people_unknown);
  w.key("categories_of_records").string("sign-in events, account changes, messages with codes");
  w.key("number_of_records").integer(exposed.returned);
  w.key("number_of_records_at_most").integer(exposed.released);
  w.key("intelligible_to_the_reader").boolean(readable).end_object();
  w.key("b_contact").begin_object().key("name").null().key("role").string("data protection officer");
  w.key("contact").null().key("to_do").string("fill in: the organisation's contact").end_object();
  w.key("c_consequences")
      .string(readable ? "Who signs in where, when and from which network may be known. Users may be called or sent "
                         "messages that "
                         "pretend to come from the help desk, with true details in them."
                       : "The rows that left are encrypted; the keys of their days were not released to the reader.");
  w.key("d_measures")
      .begin_object()
      .key("taken")
      .string(
          "The extent was established from a signed ledger; this bundle proves it. Credentials can be ended with all "
          "that "
          "descends from them.");
  w.key("proposed")
      .string(
          "Tell users how to recognise and report false messages; prefer passkeys to codes by "
          "message.")
      .end_object();
  w.key("clocks").begin_array();
  for (const BreachClock& clock : kBreachClocks) {
    w.begin_object().key("rule").string(clock.rule).key("who").string(clock.who).key("clock").string(clock.clock);
    w.key("due_s");
    clock.hours > 0 ? w.integer(unix_s(facts.scope.made + std::chrono::hours(clock.hours))) : w.null();
    w.key("note").string(clock.note).key("source").string(clock.source).key("source_read").string(clock.read);
    w.end_object();
  }
  return w.end_array().key("not_legal_advice").boolean(true).end_object().take() + "\n";
}

}  // namespace countersign::flow
