// A store around another that breaks at its n-th statement, for every n a test cares to try.
#pragma once

#include <atomic>
#include <utility>

#include "store/store.h"

namespace countersign::testing {

// Statements are counted over all flows, in the order they run. Beside failing, flows can be made to run twice, as a
// serialisation failure would, and commits can be lost.
class FaultStore : public store::Store {
  store::Store& inner_;
  std::atomic<int> statements_{0};
  std::atomic<int> fail_from_{0};
  std::atomic<bool> fail_commit_{false};
  std::atomic<bool> run_twice_{false};
  Errc code_ = Errc::unavailable;

  class FaultTxn : public store::Txn {
    FaultStore& store_;
    store::Txn& inner_;
    std::optional<Error> failed_;

    std::optional<Error> due() {
      const int n = ++store_.statements_;
      const bool broken = store_.fail_from_ > 0 && n >= store_.fail_from_;
      if (broken && !failed_) failed_ = Error{store_.code_, "a fault of the test"};
      return failed_;
    }

   public:
    FaultTxn(FaultStore& store, store::Txn& inner) : store_(store), inner_(inner) {}
    Result<std::int64_t> rows(store::Query query, store::Params params, const OnRow& on_row) override {
      if (auto error = due()) return *error;
      return inner_.rows(query, params, on_row);
    }
    Result<std::int64_t> change(store::Query query, store::Params params) override {
      if (auto error = due()) return *error;
      return inner_.change(query, params);
    }
    void after_commit(std::function<void()> what) override { inner_.after_commit(std::move(what)); }
    const std::optional<Error>& failed() const { return failed_; }
  };

  Result<void> run(const store::Flow& flow, store::Txn& inner) {
    FaultTxn txn(*this, inner);
    TRY(flow(txn));
    if (txn.failed()) return *txn.failed();
    return {};
  }

 public:
  explicit FaultStore(store::Store& inner) : inner_(inner) {}

  // The n-th statement from now (1: the next) and all after it fail with `code`, until heal(); 0: none.
  void fail_from(int n, Errc code) {
    code_ = code;
    statements_ = 0;
    fail_from_ = n;
  }
  // Every write is undone at its end and answers `code`.
  void fail_commits(Errc code) {
    code_ = code;
    fail_commit_ = true;
  }
  // Every write flow runs, is undone, and runs again.
  void run_twice() { run_twice_ = true; }
  void heal() {
    fail_from_ = 0;
    fail_commit_ = false;
    run_twice_ = false;
  }
  // How many statements were tried since fail_from or since the beginning.
  int statements() const { return statements_; }

  Result<void> read(const store::Flow& flow) override {
    return inner_.read([&](store::Txn& txn) { return run(flow, txn); });
  }
  void write(store::Flow flow, store::Done done) override {
    const auto last = [this, flow, done = std::move(done)](const Result<void>&) {
      inner_.write(
          [this, flow](store::Txn& txn) -> Result<void> {
            TRY(run(flow, txn));
            if (fail_commit_) return Error{code_, "a fault of the test"};
            return {};
          },
          done);
    };
    if (!run_twice_) return last({});
    inner_.write(
        [this, flow](store::Txn& txn) -> Result<void> {
          TRY(run(flow, txn));
          return Error{Errc::unavailable, "undone, to run again"};
        },
        last);  // one after the other: a store may run two writes at once
  }
  Result<void> ping() override { return inner_.ping(); }
};

}  // namespace countersign::testing
