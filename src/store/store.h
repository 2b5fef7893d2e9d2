// The store port: read flows on a snapshot, write flows in one transaction, named statements, no SQL outside queries/.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "store/room.h"
#include "store/query_names.h"  // generated from queries/*.sql: enum class Query

namespace countersign::store {

// A parameter, viewed for the length of the call. Text is UTF-8 without NUL (checked at the doors).
struct Param : std::variant<std::monostate, std::int64_t, std::string_view, ByteView> {
  Param() = default;  // NULL
  Param(std::int64_t n) : variant(n) {}
  Param(int n) : variant(std::int64_t{n}) {}
  Param(bool b) : variant(std::int64_t{b}) {}
  Param(std::string_view s) : variant(s) {}
  Param(const std::string& s) : variant(std::string_view(s)) {}
  Param(const char* s) : variant(std::string_view(s)) {}
  Param(const Bytes& b) : variant(ByteView(b)) {}
  Param(ByteView b) : variant(b) {}
  Param(Instant t) : variant(unix_ms(t)) {}
  Param(const std::optional<Instant>& t) { if (t) emplace<std::int64_t>(unix_ms(*t)); }
  Param(const std::optional<int>& n) { if (n) emplace<std::int64_t>(*n); }
  template <class Tag>
  Param(const Id<Tag>& id) : variant(std::string_view(id.text())) {}
};
using Params = std::initializer_list<Param>;

// The row under the cursor; views die with the callback.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual ByteView bytes(int column) const = 0;

  Instant instant(int column) const { return from_unix_ms(integer(column)); }
  std::optional<Instant> maybe_instant(int column) const {
    if (null(column)) return std::nullopt;
    return instant(column);
  }
  template <class IdType>
  IdType id(int column) const { return IdType::trusted(text(column)); }
};

// One transaction. Statements fail with unavailable (database away, disk full, serialisation failure) or conflict
// (a unique index holds that value already); after either, the flow returns the error and the transaction is undone.
class Txn {
 public:
  using OnRow = std::function<void(const Row&)>;

  virtual ~Txn() = default;
  // Runs a statement and calls `on_row` for each row; always stepped to the end. Returns the number of rows.
  virtual Result<std::int64_t> rows(Query query, Params params, const OnRow& on_row) = 0;
  // Runs a statement and returns how many rows it changed.
  virtual Result<std::int64_t> change(Query query, Params params) = 0;
  // Calls `what` after the commit is durable and before the flow's `done`, in the order given; never for a run that was
  // undone. In the store's thread, as `done`: it hands over and returns, and throws nothing.
  virtual void after_commit(std::function<void()> what) = 0;
  // Whether what room there is belongs to sign-ins.
  virtual bool spares_room() const { return false; }
};
using Hooks = std::vector<std::function<void()>>;

// May be run more than once (serialisation failure, a batch that is run again): no effects but through the Txn
// and its after_commit.
using Flow = std::function<Result<void>(Txn&)>;
using Done = std::function<void(Result<void>)>;

class Store {
 public:
  virtual ~Store() = default;

  // Runs `flow` on one snapshot, in the calling thread. unavailable: within 2 s at the latest.
  virtual Result<void> read(const Flow& flow) = 0;

  // Queues `flow` for one transaction; `done` is called exactly once, after the commit is durable or with the error
  // that undid it, from the store's own thread or from within this call. exhausted: the queue is full.
  virtual void write(Flow flow, Done done) = 0;

  // Whether a statement succeeds now; for /readyz.
  virtual Result<void> ping() = 0;

  virtual Room room() const { return {}; }
};

// read() for flows that return a value, write() likewise; Result<void> goes to the members themselves.
template <class F>
auto read(Store& store, F&& flow) {
  using Out = decltype(flow(std::declval<Txn&>()));
  using T = typename Out::value_type;
  std::optional<T> value;
  const Result<void> done = store.read([&](Txn& txn) -> Result<void> {
    value = TRY(flow(txn));
    return {};
  });
  return done ? Out(std::move(*value)) : Out(done.error());
}

// write() for flows that return a value.
template <class F, class OnDone>
void write(Store& store, F flow, OnDone on_done) {
  using Out = decltype(flow(std::declval<Txn&>()));
  using T = typename Out::value_type;
  auto value = std::make_shared<std::optional<T>>();  // shared: the flow fills it, the completion reads it
  store.write(
      [flow = std::move(flow), value](Txn& txn) mutable -> Result<void> {
        *value = TRY(flow(txn));
        return {};
      },
      [value, on_done = std::move(on_done)](Result<void> done) mutable {
        if (done) {
          on_done(Out(std::move(**value)));
        } else {
          on_done(Out(std::move(done).error()));
        }
      });
}

// write() that waits; for administration, start-up and tests, never for a face's worker thread.
template <class F>
auto write_and_wait(Store& store, F flow) {
  using Out = decltype(flow(std::declval<Txn&>()));
  std::promise<Out> promise;
  write(store, std::move(flow), [&promise](Out out) { promise.set_value(std::move(out)); });
  return promise.get_future().get();
}

}  // namespace countersign::store
