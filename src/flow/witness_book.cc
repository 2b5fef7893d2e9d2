#include "flow/witness_book.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace countersign::flow {

std::string_view name(WitnessStanding standing) {
  switch (standing) {
    case WitnessStanding::unasked: return "unasked";
    case WitnessStanding::cosigned: return "cosigned";
    case WitnessStanding::away: return "away";
    case WitnessStanding::disagrees: return "disagrees";
  }
  std::abort();
}

WitnessBook::WitnessBook(std::vector<KnownWitness> witnesses, std::size_t quorum)
    : witnesses_(std::move(witnesses)), quorum_(quorum), states_(witnesses_.size()) {}

WitnessState WitnessBook::state(std::size_t witness) const {
  const std::lock_guard lock(mutex_);
  return states_.at(witness);
}

WitnessState WitnessBook::put(std::size_t witness, WitnessState state) {
  const std::lock_guard lock(mutex_);
  return std::exchange(states_.at(witness), std::move(state));
}

bool WitnessBook::put_cosigned(std::size_t count) {
  const std::lock_guard lock(mutex_);
  const bool before = !asked_ || cosigned_ >= quorum_;
  asked_ = true;
  cosigned_ = count;
  return before != (cosigned_ >= quorum_);
}

std::size_t WitnessBook::cosigned() const {
  const std::lock_guard lock(mutex_);
  return cosigned_;
}

bool WitnessBook::quorum_met() const {
  const std::lock_guard lock(mutex_);
  return !asked_ || cosigned_ >= quorum_;
}

std::size_t WitnessBook::disagreeing() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count(states_, WitnessStanding::disagrees, &WitnessState::standing));
}

ledger::Policy policy_of(const LogName& log, const std::string& url, const WitnessBook& book) {
  ledger::Policy out;
  out.logs.push_back({log.key, url});
  ledger::Policy::Member group{.name = "witnesses", .witness = std::nullopt, .needed = book.quorum(), .members = {}};
  for (const KnownWitness& witness : book.witnesses()) {
    const std::size_t index = out.witnesses.size();
    out.witnesses.push_back({witness.key, witness.url});
    group.members.push_back(out.members.size());
    out.members.push_back({"w" + std::to_string(index + 1), index, 0, {}});
  }
  if (book.quorum() == 0) return out;
  out.quorum = out.members.size();
  out.members.push_back(std::move(group));
  return out;
}

}  // namespace countersign::flow
