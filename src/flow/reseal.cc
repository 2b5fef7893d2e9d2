#include "flow/reseal.h"

#include <algorithm>
#include <atomic>

#include "flow/ledger.h"
#include "store/history.h"
#include "store/sealed.h"

namespace countersign::flow {
namespace {

constexpr std::string_view kNote = "root_key";  // in server_values: "know ID", then "use ID"
constexpr std::string_view kKnow = "know ", kUse = "use ";
constexpr int kPassagesMax = 100;

struct Passage {
  std::int64_t resealed = 0;
  std::int64_t lost = 0;  // changed by others meanwhile: they are looked at again
};

using store::SealedColumn;
using store::SealedValue;

Result<std::vector<SealedValue>> page_after(const Ports& ports, const SealedColumn& column,
                                            const store::SealedCursor& after) {
  return store::read(ports.store, [&](store::Txn& txn) { return store::sealed_page(txn, column, after, kResealPage); });
}

// The keys are asked outside the transaction (design §5); what somebody else wrote meanwhile stays.
Result<Passage> reseal_page(const Ports& ports, const SealedColumn& column, const std::vector<SealedValue>& page) {
  std::vector<std::pair<const SealedValue*, Bytes>> changed;
  for (const SealedValue& value : page) {
    if (value.sealed.empty()) continue;
    const keys::Place place{value.tenant, column.table, column.column, value.row};
    Result<Bytes> again = ports.keys.reseal(place, value.sealed);
    if (!again) {
      return Error{again.error().code, std::string(column.table) + " " + value.row + ": " + again.error().what};
    }
    if (*again != value.sealed) changed.emplace_back(&value, *std::move(again));
  }
  if (changed.empty()) return Passage();
  return store::write_and_wait(ports.store, [&](store::Txn& txn) -> Result<Passage> {
    Passage out;
    for (const auto& [value, sealed] : changed) {
      ++(TRY(store::replace_sealed(txn, column, *value, sealed)) ? out.resealed : out.lost);
    }
    return out;
  });
}

Result<Passage> reseal_column(const Ports& ports, const SealedColumn& column) {
  Passage out;
  store::SealedCursor at;
  while (true) {
    const std::vector<SealedValue> page = TRY(page_after(ports, column, at));
    const Passage done = TRY(reseal_page(ports, column, page));
    out.resealed += done.resealed;
    out.lost += done.lost;
    if (page.size() < kResealPage) return out;
    at = page.back().at;
  }
}

Result<Passage> reseal_all(const RotationPorts& rotation) {
  Passage out;
  for (const SealedColumn& column : store::sealed_columns()) {
    const Passage done = TRY(reseal_column(rotation.ports, column));
    if (done.resealed > 0) rotation.on_step({"resealed", std::string(column.table), done.resealed});
    out.resealed += done.resealed;
    out.lost += done.lost;
  }
  if (out.resealed > 0 && rotation.ports.apps != nullptr) rotation.ports.apps->changed();
  return out;
}

Result<void> write_note(const Ports& ports, std::string_view verb, const std::string& id) {
  const std::string note = std::string(verb) + id;
  TRY(store::write_and_wait(ports.store, [&](store::Txn& txn) -> Result<bool> {
    TRY(store::put_server_value(txn, kNote, bytes_of(note)));
    return true;
  }));
  return {};
}

const keys::RootKeyState* first_that(const keys::RootList& list, keys::RootUse use) {
  const auto found = std::ranges::find(list.keys, use, &keys::RootKeyState::use);
  return found == list.keys.end() ? nullptr : &*found;
}

// Of the operator's own tree: durable before the change.
Result<void> note_change(const Ports& ports, const ledger::Actor& actor, std::string detail) {
  ledger::Event event = begin_event(ports, ledger::EventType::config_change, TenantId(), actor);
  event.object = "root_key";
  event.detail = std::move(detail);
  return record_now(ports, event);
}

// The key that is to seal: the one that waits, or a fresh one; none when a rotation that was begun only needs its end.
Result<std::optional<std::string>> next_key(const RotationPorts& rotation, Servers servers) {
  const keys::RootList list = TRY(rotation.ports.keys.root_keys());
  if (const auto* waits = first_that(list, keys::RootUse::waits)) return std::optional(waits->id);
  if (first_that(list, keys::RootUse::opens) != nullptr) return std::optional<std::string>();
  if (servers == Servers::several) {
    return Error{Errc::conflict,
                 "several servers may share this database: first `countersign keys add-root`, copy "
                 "root.key to each of them, and then rotate; with one server say --one-server"};
  }
  TRY(note_change(rotation.ports, rotation.actor, "add"));
  std::string id = TRY(rotation.ports.keys.add_root_key(rotation.ports.clock.now()));
  rotation.on_step({"added", id});
  return std::optional(std::move(id));
}

Result<void> begin_sealing(const RotationPorts& rotation, const std::string& id, Servers servers) {
  const Ports& ports = rotation.ports;
  if (servers == Servers::several) {
    TRY(write_note(ports, kKnow, id));
    rotation.on_step({"announced", id});
    rotation.pause(kFollowTime);
    TRY(write_note(ports, kUse, id));
  }
  TRY(note_change(ports, rotation.actor, "use " + id));
  TRY(ports.keys.use_root_key(id));
  rotation.on_step({"sealing", id});
  return {};
}

// One rotation at a time in a process; servers of one database are told apart by the condition on each value.
std::atomic<bool> rotating = false;
struct Turn {
  const bool taken = !rotating.exchange(true);
  ~Turn() {
    if (taken) rotating = false;
  }
};

}  // namespace

Result<std::string> add_root_key(const Ports& ports, const ledger::Actor& actor) {
  const keys::RootList list = TRY(ports.keys.root_keys());
  if (const auto* waits = first_that(list, keys::RootUse::waits)) {
    return Error{Errc::conflict, "root key " + waits->id + " waits already; copy root.key and rotate"};
  }
  TRY(note_change(ports, actor, "add"));
  return ports.keys.add_root_key(ports.clock.now());
}

Result<void> rotate_root_key(const RotationPorts& rotation, Servers servers) {
  const Turn turn;
  if (!turn.taken) return Error{Errc::conflict, "a rotation is under way"};
  const Ports& ports = rotation.ports;
  const std::optional<std::string> next = TRY(next_key(rotation, servers));
  if (next) {
    TRY(begin_sealing(rotation, *next, servers));
  } else {
    const keys::RootList list = TRY(ports.keys.root_keys());
    TRY(ports.keys.use_root_key(list.keys.front().id));  // ends the keyring's part
  }
  // Values under way when the key changed are found by a passage that begins after they were written.
  TRY(reseal_all(rotation));
  for (int passage = 0;; ++passage) {
    rotation.pause(kSettleTime);
    const Passage done = TRY(reseal_all(rotation));
    if (done.resealed == 0 && done.lost == 0) break;
    if (passage == kPassagesMax) {
      return Error{Errc::unavailable,
                   "values under the old root key come again and again: does another server still "
                   "seal under it? Copy root.key there, and rotate again"};
    }
  }
  const keys::RootList list = TRY(ports.keys.root_keys());
  for (const keys::RootKeyState& key : list.keys) {
    if (key.use != keys::RootUse::opens) continue;
    TRY(note_change(ports, rotation.actor, "drop " + key.id));
    TRY(ports.keys.drop_root_key(key.id));
    rotation.on_step({"dropped", key.id});
  }
  return {};
}

Result<void> follow_root_key(const Ports& ports) {
  const auto note = TRY(store::read(ports.store, [](store::Txn& txn) { return store::server_value(txn, kNote); }));
  if (!note) return {};
  const std::string_view text = text_of(*note);
  const bool use = text.starts_with(kUse);
  const std::string id(text.substr(std::min(text.size(), use ? kUse.size() : kKnow.size())));
  const keys::RootList list = TRY(ports.keys.root_keys());
  const auto here = std::ranges::find(list.keys, id, &keys::RootKeyState::id);
  if (here == list.keys.end()) return ports.keys.know_root_key(id);
  // Never back to an older one, whatever stands in the database.
  if (use && here->use == keys::RootUse::waits) return ports.keys.use_root_key(id);
  return {};
}

Result<std::map<std::string, std::int64_t>> count_sealed(const Ports& ports) {
  std::map<std::string, std::int64_t> out;
  for (const SealedColumn& column : store::sealed_columns()) {
    store::SealedCursor at;
    std::vector<SealedValue> page;
    do {
      page = TRY(page_after(ports, column, at));
      for (const SealedValue& value : page) {
        if (!value.sealed.empty()) ++out[keys::root_of(value.sealed).value_or("")];
      }
      if (!page.empty()) at = page.back().at;
    } while (page.size() == kResealPage);
  }
  return out;
}

}  // namespace countersign::flow
