#include <condition_variable>
#include <mutex>

#include "faces/control/commands.h"
#include "faces/control/rows.h"
#include "flow/reseal.h"

namespace countersign::control {
namespace {

constexpr Argument kOneServer{"one-server", Shape::flag, Need::optional,
                              "Nobody else serves this database, though it is PostgreSQL"};

std::string_view name_of(keys::RootUse use) {
  switch (use) {
    case keys::RootUse::waits: return "waits";
    case keys::RootUse::seals: return "seals";
    case keys::RootUse::opens: return "opens";
  }
  std::abort();
}

Result<void> status(const Call& call) {
  const keys::RootList list = TRY(call.by.ports.keys.root_keys());
  auto counts = TRY(flow::count_sealed(call.by.ports));
  const auto show = [&](const keys::RootKeyState& key, std::string_view use) {
    codec::JsonWriter w;
    w.begin_object().key("root_key_id").string(key.id).key("use").string(use);
    write_time(w, "made", key.made);
    w.key("source").string(list.source).key("values").integer(counts[key.id]).end_object();
    counts.erase(key.id);
    call.row(w.take());
  };
  for (const keys::RootKeyState& key : list.keys) show(key, name_of(key.use));
  // What no key here opens; "" is the form of a version that named no key.
  while (!counts.empty()) {
    const std::string id = counts.begin()->first;
    show({id, std::nullopt, keys::RootUse::opens}, id.empty() ? "unnamed" : "missing");
  }
  return {};
}

std::string row_of(const flow::RotationStep& step) {
  codec::JsonWriter w;
  w.begin_object().key("step").string(step.step).key("what").string(step.what);
  w.key("values").integer(step.values).end_object();
  return w.take();
}

Result<void> add_root(const Call& call) {
  call.row(row_of({"added", TRY(flow::add_root_key(call.by.ports, flow::ledger_actor(call.by.actor)))}));
  return {};
}

// Nobody signals it: it is the time that passes.
void wait_for(milliseconds time) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, time);
}

Result<void> rotate(const Call& call) {
  const std::string what = TRY(call.args.text("key"));
  if (what != "root") return Error{Errc::malformed, "key: root"};
  const bool alone = TRY(call.args.flag("one-server")) || call.by.ports.apps != nullptr;
  const flow::RotationPorts rotation{call.by.ports, wait_for,
                                     [&](const flow::RotationStep& step) { return call.row(row_of(step)); },
                                     flow::ledger_actor(call.by.actor)};
  return flow::rotate_root_key(rotation, alone ? flow::Servers::this_one : flow::Servers::several);
}

}  // namespace

std::vector<Command> key_commands() {
  return {
      {.words = "keys status", .touch = kLists,
       .meaning = "Show the root keys, where they live, and how many values each has sealed",
       .arguments = {},
       .rows = Rows::many,
       .run = status},
      {.words = "keys add-root", .touch = kChanges,
       .meaning = "Make a root key that waits, to copy root.key to other servers before a rotation",
       .arguments = {},
       .run = add_root},
      {.words = "keys rotate", .touch = kChanges,
       .meaning = "Put a new root key in the place of the old one while the server works; takes up one that was begun",
       .arguments = {{"key", Shape::positional, Need::required, "root"}, kOneServer},
       .rows = Rows::many,
       .run = rotate},
  };
}

}  // namespace countersign::control
