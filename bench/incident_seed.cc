// Fills a data directory with the month of an incident, as the server would have written it, and says aside what a
// scope must find:
//   incident_seed DATA_DIR TENANTS MESSAGES READS STOLEN DISPATCH_EVERY    writes truth.json, stolen.csv beside
//   DATA_DIR
// Sealed rows with their epochs, events in the ledger's trees, checkpoints, all by the store's and the core's own
// functions; only the connection is a faster one (no log, no sync, two indexes made at the end), and tenants' key pairs
// are put into the keyring at once. A message is an authentication by text message.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <thread>

#include "bench/incident_belt.h"
#include "bench/incident_truth.h"
#include "core/record/stored_event.h"
#include "flow/checkpoints.h"
#include "flow/history_book.h"
#include "flow/ledger.h"
#include "flow/lineage.h"
#include "keys/local.h"
#include "server/system.h"
#include "store/breach.h"
#include "store/epochs.h"
#include "store/open.h"
#include "store/sqlite/connection.h"
#include "store/tenants.h"
#include "testing/seeded_random.h"

namespace countersign::bench {
namespace {

using std::chrono::minutes;

constexpr std::int64_t kAtOnce = 500;  // tenants of one piece of work
constexpr int kUsers = 40;             // of a tenant
constexpr const char* kNode = "n1";
constexpr const char* kLateIndexes[] = {"history_by_day", "dispatches_by_reference"};

// ---- One tenant's day ----

class Worker {
  const World& world_;
  keys::Keys& keys_;
  const std::vector<crypto::X25519PublicKey>& recipients_;
  std::vector<ledger::Edge>& edges_;
  testing::SeededRandom random_;
  Truth truth_;

 public:
  struct Tools {
    const World& world;
    keys::Keys& keys;
    const std::vector<crypto::X25519PublicKey>& recipients;
    std::vector<ledger::Edge>& edges;  // each tenant's is one worker's alone
  };
  Worker(const Tools& tools, std::uint64_t seed)
      : world_(tools.world), keys_(tools.keys), recipients_(tools.recipients), edges_(tools.edges), random_(seed) {}

  Truth& truth() { return truth_; }

  void add_day(Piece& piece, std::int64_t n, int day) {
    const Written written = add_messages(piece, n, day);
    std::vector<ledger::Event> events;
    add_reads(events, written, n, day);
    if (world_.is_stolen(n)) add_thefts(events, written, n, day);
    if (!written.epoch.empty()) events.push_back(closing(written, n, day));
    std::ranges::sort(events, {}, &ledger::Event::at);
    if (!events.empty()) piece.growths.push_back(grow(n, events));
  }

 private:
  // The rows of the day, which are one epoch.
  struct Written {
    std::string epoch;  // "": none
    std::vector<std::uint64_t> numbers;
    std::vector<int> users;
    Bytes trailer;
  };

  static int user_of(std::int64_t n, int day, int message) {
    return static_cast<int>(mixed(static_cast<std::uint64_t>(n * 64 + day), static_cast<std::uint64_t>(message)) %
                            kUsers);
  }
  static std::string user(std::int64_t n, int which) { return user_id(n * kUsers + which); }
  // Every fifth user shares the number of the one before.
  static std::string number(std::int64_t n, int which) {
    return numbered("DPBENCH", n * kUsers + which - (which % 5 == 4 ? 1 : 0), 20);
  }

  record::AuthEvent message_of(std::int64_t n, int day, int message) const {
    const int who = user_of(n, day, message);
    record::AuthEvent event;
    event.at = start_of(day) + minutes(60 + message * 1'200 / std::max(1, world_.messages(n, day)));
    event.result = "success";
    event.reason = "valid_passcode";
    event.factor = "sms_passcode";
    event.user_key = user(n, who);
    event.user_name = "user" + std::to_string(who);
    event.app_key = app_id(n);
    event.app_name = "VPN";
    event.access_device.ip = "198.51.100." + std::to_string(who);
    event.auth_device.key = number(n, who);
    event.auth_device.name = "XXX-XXX-" + std::to_string(1000 + who);
    return event;
  }

  Written add_messages(Piece& piece, std::int64_t n, int day) {
    Written out;
    const int count = world_.messages(n, day);
    if (count == 0) return out;
    const std::int64_t date = kFirstDay + day;
    const auto bits = static_cast<std::uint8_t>(history::tag_bits_for(static_cast<std::uint64_t>(count)));
    keys::NewEpoch made =
        need(keys_.begin_epoch({tenant(n), date, kNode, bits, {recipients_[static_cast<std::size_t>(n)]}}));
    const history::EpochKey key = need(history::EpochKey::make(made.header, made.key));
    const Secret index = history::index_key(made.key);
    out.epoch = codec::to_hex(made.header.id);
    std::vector<Bytes> hashes;
    std::uint64_t next = 0;
    for (int i = 0; i < count; ++i, ++next) {
      if (mixed(3, next + static_cast<std::uint64_t>(n * 64 + day)) % 500 == 0) ++next;  // of a row that was not kept
      const record::AuthEvent event = message_of(n, day, i);
      store::HistoryRow row{.tenant = tenant(n), .day = date, .id = EventId::make(random_), .sealed = {}};
      const std::string open = record::open_part(row.tenant, flow::name_of(row.stream), date, row.id);
      row.sealed = need(key.seal(next, open, record::encode(event)));
      if (bits > 0) {
        using enum history::IndexedField;
        row.user_tag = static_cast<int>(history::tag(index, user, event.user_key, bits));
        row.number_tag =
            static_cast<int>(history::tag(index, history::IndexedField::number, event.auth_device.key, bits));
      }
      hashes.push_back(history::row_hash(open, row.sealed));
      out.numbers.push_back(next);
      out.users.push_back(user_of(n, day, i));
      if (++truth_.messages % world_.sizes().dispatch_every == 0) add_dispatch(piece, row, {n, event.at});
      piece.rows.push_back(std::move(row));
    }
    const history::EpochTrailer trailer = need(history::trailer_of(made.header.id, hashes));
    out.trailer = history::encode(trailer);
    piece.epochs.push_back({.tenant = tenant(n),
                            .day = date,
                            .id = made.header.id,
                            .writer = kNode,
                            .header = history::encode(made.header),
                            .rows = trailer.rows,
                            .trailer = out.trailer});
    ++truth_.epochs;
    return out;
  }

  void add_dispatch(Piece& piece, const store::HistoryRow& row, const std::pair<std::int64_t, Instant>& of) {
    store::Dispatch one{.tenant = row.tenant,
                        .reference = codec::to_hex(random_bytes(random_, 16)),
                        .supplier = kSupplier,
                        .channel = "sms",
                        .hour = std::chrono::floor<hours>(of.second.time_since_epoch()).count(),
                        .event = row.id,
                        .day = row.day};
    const bool reaped = truth_.dispatches++ % 3 == 0;
    if (reaped) one.reaped = of.second + hours(25);
    const auto count = [&](std::map<std::int64_t, Sent>& in) {
      Sent& sent = in[of.first];
      ++sent.messages;
      const Instant hour{hours(one.hour)};
      sent.first = std::min(sent.first, hour), sent.last = std::max(sent.last, hour);
    };
    if (!reaped) count(truth_.sent);
    if (truth_.dispatches % 2 == 0 && truth_.references.size() < kListed / 2) {
      truth_.references.push_back(one.reference);
      count(truth_.listed);
    }
    piece.dispatches.push_back(std::move(one));
  }

  static ledger::Event event_of(std::int64_t n, ledger::EventType type, Instant at) {
    ledger::Event event;
    event.at = at;
    event.node = kNode;
    event.type = type;
    event.tenant = tenant(n);
    event.object = "authentication";
    return event;
  }

  static void name_rows(ledger::Event& event, const Written& written, const std::vector<std::uint64_t>& numbers) {
    event.count = numbers.size();
    if (numbers.empty()) return;
    event.rows = {{.epoch = written.epoch, .rows = ledger::row_ranges(numbers), .count = numbers.size()}};
  }

  // By the tenant's own key, or by one of fifty people of the staff.
  void add_reads(std::vector<ledger::Event>& events, const Written& written, std::int64_t n, int day) {
    for (int i = 0; i < world_.reads(n, day); ++i) {
      ledger::Event event = event_of(n, ledger::EventType::read, start_of(day) + hours(22) + minutes(i));
      const std::string staff = std::to_string((n + day + i) % 50);
      event.actor =
          i % 2 == 0 ? ledger::Actor{.kind = "api_key", .id = app_id(n), .credential = app_id(n), .ip = "203.0.113.9"}
                     : ledger::Actor{.kind = "staff",
                                     .id = "a_" + staff,
                                     .credential = "c_" + staff,
                                     .session = "s_5b8e2c" + staff,
                                     .ip = "198.51.100." + staff};
      event.purpose = "support";
      event.case_reference = "4711";
      if (!written.epoch.empty()) event.days = {kFirstDay + day};
      name_rows(event, written, written.numbers);
      events.push_back(std::move(event));
      ++truth_.reads;
    }
  }

  enum class Taking { all, most, list };
  void steal(std::vector<ledger::Event>& events, const Written& written, const std::pair<std::int64_t, int>& where,
             ledger::Event event, Taking taking) {
    Stolen& truth = truth_.stolen[where.first];
    std::vector<std::uint64_t> numbers;
    for (std::size_t i = 0; i < written.numbers.size(); ++i) {
      if (taking == Taking::most && i % 4 == 3) continue;
      numbers.push_back(written.numbers[i]);
      truth.users.insert(user(where.first, written.users[i]));
      truth.numbers.insert(number(where.first, written.users[i]));
      truth.returned[written.epoch].add(numbers.back(), numbers.back());
    }
    name_rows(event, written, numbers);
    if (!written.epoch.empty()) {
      event.days = {kFirstDay + where.second};
      truth.days.insert(where.second);
      for (const std::uint64_t number : written.numbers) truth.released[written.epoch].add(number, number);
    }
    truth.first = truth.first ? std::min(*truth.first, event.at) : event.at;
    truth.last = truth.last ? std::max(*truth.last, event.at) : event.at;
    ++truth.events, ++truth_.reads;
    if (taking == Taking::most && !numbers.empty() && where.first % 7 == 0) {  // some of it was on a screen
      ledger::Event seen = event;
      seen.type = ledger::EventType::viewed;
      seen.at += seconds(30);
      seen.days.clear();
      numbers.resize((numbers.size() + 1) / 2);
      name_rows(seen, written, numbers);
      for (const std::uint64_t number : numbers) truth.viewed[written.epoch].add(number, number);
      truth.last = std::max(*truth.last, seen.at);
      ++truth.events, ++truth_.reads;
      events.push_back(std::move(seen));
    }
    events.push_back(std::move(event));
  }

  void add_thefts(std::vector<ledger::Event>& events, const Written& written, std::int64_t n, int day) {
    const auto at = [&](int hour) {
      return event_of(n, ledger::EventType::read, start_of(day) + hours(hour) + seconds(n % 3'000));
    };
    if (world_.by_thief(n)) {
      ledger::Event event = at(23);
      event.actor = {.kind = "operator", .id = kThief, .credential = kThief, .ip = "192.0.2.66"};
      event.purpose = "support";
      if (day == 3) {  // tried first without the right
        ledger::Event denied = event;
        denied.at -= seconds(1);
        denied.outcome = ledger::Outcome::denied;
        denied.detail = "not allowed";
        events.push_back(std::move(denied));
        ++truth_.stolen[n].events;
      }
      steal(events, written, {n, day}, std::move(event), Taking::most);
    }
    if (n == 0 && day == kKeyMadeOn) {
      ledger::Event event = at(19);
      event.type = ledger::EventType::config_change;
      event.object = "application";
      event.actor = {.kind = "operator", .id = kThief, .credential = kThief, .ip = "192.0.2.66"};
      events.push_back(std::move(event));
      ++truth_.stolen[n].events;
    }
    if (world_.by_key(n, day)) {
      ledger::Event event = at(20);
      event.actor = {
          .kind = "api_key", .id = kThiefsKey, .credential = kThiefsKey, .parent = kThief, .ip = "192.0.2.67"};
      steal(events, written, {n, day}, std::move(event), Taking::most);
    }
    if (world_.by_session(n, day)) {
      ledger::Event event = at(21);
      event.type = ledger::EventType::export_;
      event.actor = {.kind = "user", .id = user(n, 0), .session = kThiefsSession, .parent = kThiefsKey};
      steal(events, written, {n, day}, std::move(event), Taking::all);
    }
  }

  static ledger::Event closing(const Written& written, std::int64_t n, int day) {
    ledger::Event event = event_of(n, ledger::EventType::epoch_closed, start_of(day + 1) - milliseconds(1));
    event.actor.kind = "service";
    event.object = written.epoch;
    event.count = written.numbers.size();
    event.days = {kFirstDay + day};
    event.detail = codec::to_hex(written.trailer);
    return event;
  }

  Piece::Growth grow(std::int64_t n, const std::vector<ledger::Event>& events) {
    ledger::Edge& edge = edges_[static_cast<std::size_t>(n)];
    Piece::Growth out{.before = edge, .after = {}, .entries = {}, .nodes = {}};
    for (const ledger::Event& event : events) {
      std::string text = need(ledger::encode(event));
      const ledger::Hash leaf = ledger::leaf_hash(bytes_of(text));
      out.entries.push_back({.tree = event.tenant.text(),
                             .seq = edge.size(),
                             .leaf = leaf,
                             .entry = std::move(text),
                             .at = event.at,
                             .actor = event.actor.id,
                             .credential = event.actor.credential,
                             .session = event.actor.session,
                             .ip = event.actor.ip});
      edge.append(leaf, [&](const ledger::Node& node, const ledger::Hash& hash) { out.nodes.push_back({node, hash}); });
    }
    out.after = edge;
    truth_.entries += static_cast<std::int64_t>(out.entries.size());
    return out;
  }
};

// ---- The writer ----

// A connection that need not survive a crash, without the indexes that are quicker made at the end.
class Loader {
  std::unique_ptr<store::sqlite::Connection> connection_;
  std::vector<std::string> indexes_;

  void run(const std::string& sql) { need(connection_->exec(sql.c_str())); }

 public:
  explicit Loader(const std::string& file) : connection_(need(store::sqlite::Connection::open({.path = file}))) {
    run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; "
        "PRAGMA cache_size = -1000000; PRAGMA temp_store = FILE; PRAGMA threads = 2");
    for (const char* name : kLateIndexes) {
      sqlite3_stmt* stmt = nullptr;
      sqlite3_prepare_v2(connection_->handle(), "SELECT sql FROM sqlite_master WHERE name = ?1", -1, &stmt, nullptr);
      sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
      if (sqlite3_step(stmt) != SQLITE_ROW) std::abort();  // the schema has it
      indexes_.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(stmt, 0)));
      sqlite3_finalize(stmt);
      run("DROP INDEX " + std::string(name));
    }
  }
  void write(const store::Flow& flow) {
    store::Hooks hooks;
    need(store::sqlite::transact(flow, *connection_, store::sqlite::Control::begin_write, hooks));
  }
  void end() {
    for (const std::string& index : indexes_) run(index);
    run("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL");
    connection_.reset();
  }
};

std::vector<crypto::X25519PublicKey> make_keys(const std::filesystem::path& dir, const World& world, Random& random) {
  const std::string root_key = dir / "root.key";
  if (!std::filesystem::exists(root_key)) need(keys::LocalKeys::create(root_key, random));
  const keys::HeadKeys roots = keys::head_keys(need(keys::RootKeys::open(root_key)));
  keys::Folder folder(dir / "keyring");
  need(folder.prepare());
  const keys::Folder::Lock lock = need(folder.lock(keys::Folder::For::writing));
  keys::KeyFile file("tenants.keys", roots);
  need(file.refresh(folder));
  std::vector<keys::KeyFile::Entry> entries;
  std::vector<crypto::X25519PublicKey> out;
  for (std::int64_t n = 0; n < world.sizes().tenants; ++n) {
    const crypto::X25519Key key = crypto::X25519Key::generate(random);
    entries.push_back({keys::Records::Sort::key, tenant_id(n), Secret(key.scalar().reveal_bytes())});
    out.push_back(key.public_key());
  }
  need(file.append(folder, entries, random));
  return out;
}

void add_tenants(Loader& loader, const World& world, const std::vector<crypto::X25519PublicKey>& recipients) {
  loader.write([&](store::Txn& txn) -> Result<void> {
    for (std::int64_t n = 0; n < world.sizes().tenants; ++n) {
      Tenant one;
      one.id = tenant(n);
      one.name = "bench-" + std::to_string(n);
      TRY(store::insert_tenant(txn, one));
      const crypto::X25519PublicKey& key = recipients[static_cast<std::size_t>(n)];
      TRY(store::insert_recipient(txn, {.tenant = one.id,
                                        .id = history::recipient_id(key),
                                        .key = key,
                                        .kind = "service",
                                        .name = "service",
                                        .created = start_of(0)}));
    }
    const Instant made = start_of(kKeyMadeOn) + hours(19);
    TRY(store::insert_grant(txn, {.id = kThiefsKey,
                                  .parent = kThief,
                                  .kind = std::string(flow::kMadeApplication),
                                  .tenant = tenant(0),
                                  .made = made}));
    return store::insert_grant(txn, {.id = kThiefsSession,
                                     .parent = kThiefsKey,
                                     .kind = std::string(flow::kMadeSession),
                                     .tenant = tenant(0),
                                     .made = made});
  });
}

Truth fill(Loader& loader, const World& world, keys::Keys& keys,
           const std::vector<crypto::X25519PublicKey>& recipients) {
  constexpr int kWorkers = 2;
  const std::int64_t tenants = world.sizes().tenants, pieces = (tenants + kAtOnce - 1) / kAtOnce;
  std::vector<ledger::Edge> edges(static_cast<std::size_t>(tenants));
  std::deque<Worker> workers;
  for (std::uint64_t i = 0; i < kWorkers; ++i)
    workers.emplace_back(Worker::Tools{world, keys, recipients, edges}, i + 1);
  Belt belt(kWorkers);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kWorkers; ++i) {
    threads.emplace_back([&, i] {
      for (std::int64_t at = i; at < kDays * pieces; at += 1) {
        const std::int64_t which = at % pieces;
        if (which % kWorkers != i) continue;
        Piece piece;
        for (std::int64_t n = which * kAtOnce; n < std::min(tenants, (which + 1) * kAtOnce); ++n) {
          workers[static_cast<std::size_t>(i)].add_day(piece, n, static_cast<int>(at / pieces));
        }
        belt.put(std::move(piece));
      }
      belt.end();
    });
  }
  std::int64_t done = 0;
  while (const std::optional<Piece> piece = belt.take()) {
    loader.write([&](store::Txn& txn) { return write(txn, *piece); });
    if (++done % pieces == 0) std::fprintf(stderr, "incident_seed: day %lld\n", static_cast<long long>(done / pieces));
  }
  threads.clear();
  Truth out;
  for (Worker& worker : workers) out.add(std::move(worker.truth()));
  return out;
}

void publish(store::Store& store, keys::Keys& keys, Random& random) {
  server::SystemClock clock;
  flow::Ports ports{
      .store = store, .keys = keys, .clock = clock, .random = random, .wake = [](std::string_view) {}, .settings = {}};
  while (need(flow::publish_checkpoints(ports, {})) > 0) {
  }
}

}  // namespace

int run(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: incident_seed DATA_DIR TENANTS MESSAGES READS STOLEN DISPATCH_EVERY\n");
    return 2;
  }
  const std::filesystem::path dir = argv[1];
  const World world({.tenants = std::atoll(argv[2]),
                     .messages = std::atoll(argv[3]),
                     .reads = std::atoll(argv[4]),
                     .stolen = std::atoll(argv[5]),
                     .dispatch_every = std::atoll(argv[6])});
  std::filesystem::create_directories(dir);
  std::filesystem::permissions(dir, std::filesystem::perms::owner_all);
  need(store::open("sqlite", dir)).reset();  // the schema
  server::SystemRandom random;
  const auto recipients = make_keys(dir, world, random);
  const auto keys = need(keys::LocalKeys::open(dir / "root.key", random));
  std::vector<TenantId> tenants;
  for (std::int64_t n = 0; n < world.sizes().tenants; ++n) tenants.push_back(tenant(n));
  need(keys->prepare_month(history::month_of(kFirstDay), tenants));
  Loader loader(dir / "countersign.db");
  add_tenants(loader, world, recipients);
  const Truth truth = fill(loader, world, *keys, recipients);
  std::fprintf(stderr, "incident_seed: indexes\n");
  loader.end();
  std::fprintf(stderr, "incident_seed: checkpoints\n");
  const auto store = need(store::open("sqlite", dir));
  publish(*store, *keys, random);
  std::ofstream(dir.parent_path() / "truth.json") << truth_json(truth);
  std::ofstream list(dir.parent_path() / "stolen.csv");
  for (const std::string& reference : truth.references) list << reference << "\n";
  return 0;
}

}  // namespace countersign::bench

int main(int argc, char** argv) { return countersign::bench::run(argc, argv); }
