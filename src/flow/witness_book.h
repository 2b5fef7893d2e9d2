// The witnesses of this ledger and how each of them stands to it: written by who asks them (server/witness_client.h),
// read by `ledger status`, `ledger policy` and the metrics. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/ledger/policy.h"
#include "flow/checkpoints.h"

namespace countersign::flow {

struct KnownWitness {
  std::string url;  // of its service, without a slash at the end
  ledger::VerifierKey key;
};

enum class WitnessStanding {
  unasked,
  cosigned,  // the newest head it was shown
  away,      // it did not answer, or not with a signature
  disagrees  // it has seen another history of this log: the ledger was rolled back, or forked
};
std::string_view name(WitnessStanding standing);

struct WitnessState {
  WitnessStanding standing = WitnessStanding::unasked;
  std::uint64_t size = 0;  // of the newest head that it has, as far as known
  Instant at{};            // when it last answered so
  std::string why;         // of away and disagrees
};

class WitnessBook {
  std::vector<KnownWitness> witnesses_;
  std::size_t quorum_ = 0;
  mutable std::mutex mutex_;
  std::vector<WitnessState> states_;  // one for each witness
  std::size_t cosigned_ = 0;          // lines under the newest head
  bool asked_ = false;

 public:
  WitnessBook() = default;  // nobody watches
  WitnessBook(std::vector<KnownWitness> witnesses, std::size_t quorum);

  const std::vector<KnownWitness>& witnesses() const { return witnesses_; }
  std::size_t quorum() const { return quorum_; }

  WitnessState state(std::size_t witness) const;
  // Returns what it was before.
  WitnessState put(std::size_t witness, WitnessState state);

  // How many have cosigned the newest head. True when that changed whether the quorum is met.
  bool put_cosigned(std::size_t count);
  std::size_t cosigned() const;
  bool quorum_met() const;  // also while no head was shown yet
  std::size_t disagreeing() const;
};

// What a verifier is told to trust (C2SP tlog-policy): this log, at its public address, and that quorum.
ledger::Policy policy_of(const LogName& log, const std::string& url, const WitnessBook& book);

}  // namespace countersign::flow
