// The writing side of history: which epoch of a tenant is open in this process, and sealing into it. An epoch belongs
// to one process start, one day and at most 65,536 rows; its key is wiped when the last row under way has let go of
// it.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/history/blind_index.h"
#include "core/history/epoch.h"
#include "keys/cache.h"
#include "store/epochs.h"
#include "store/history.h"

namespace countersign::flow {

struct Ports;

// What becomes a row.
struct Unsealed {
  TenantId tenant;
  store::Stream stream = store::Stream::authentication;
  std::int64_t day = 0;
  EventId id;
  std::string_view text;    // the event as core/record encodes it
  std::string_view user{};  // the user's id, or the name asked for; "": found by no user
  std::string_view number{};  // E.164; "": found by no number
};

class HistoryBook {
 public:
  // Epochs held open at once; a tenant beyond them begins another. About 700 bytes each.
  static constexpr std::size_t kOpenMax = 32'768;

  HistoryBook();
  ~HistoryBook();

  // A row ready to be appended, with a canary as its companion where one is due (flow/canaries.h). To be asked before
  // the write transaction that stores it.
  // Begins an epoch where none is open: then it reads the store and asks the keys.
  // exhausted: the event is larger than a row.   unavailable: store or keys are away.
  Result<store::HistoryRow> seal(const Ports& ports, const Unsealed& event);

  // Lets go of every open epoch of days before `day`, so that they can be closed.
  void forget_before(std::int64_t day);
  // Lets go of the epochs of one tenant: its recipients have changed.
  void forget(const TenantId& tenant);

 private:
  struct Epoch;
  // Makes and keeps an epoch.
  Result<std::shared_ptr<const Epoch>> begin(const Ports& ports, const TenantId& tenant, std::int64_t day);
  Result<std::shared_ptr<const Epoch>> open(const Ports& ports, const TenantId& tenant, std::int64_t day);
  static std::shared_ptr<const store::HistoryRow> canary(const Ports& ports, const Epoch& epoch,
                                                         const Unsealed& beside);

  static constexpr std::size_t kLocks = 16;
  keys::Cache<Epoch> open_;
  std::array<std::mutex, kLocks> beginning_;  // one thread begins a tenant's epoch, the others wait for it
};

// What a stream is called where it is bound into a seal, and in the ledger.
std::string_view name_of(store::Stream stream);

}  // namespace countersign::flow
