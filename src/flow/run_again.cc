#include "flow/run_again.h"

namespace countersign::flow {

Result<void> write_again(store::Store& store, const store::Flow& flow) {
  for (int tries = kTriesMax;; --tries) {
    std::promise<Result<void>> promise;
    store.write(flow, [&promise](Result<void> done) { promise.set_value(std::move(done)); });
    Result<void> done = promise.get_future().get();
    if (done || done.error().code != Errc::conflict || tries <= 1) return done;
  }
}

}  // namespace countersign::flow
