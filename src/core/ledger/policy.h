// Whom a checkpoint must be signed by (C2SP tlog-policy): one of the logs, and a quorum of witnesses.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/note.h"

namespace countersign::ledger {

inline constexpr std::size_t kPolicyMax = 64 * 1024;
inline constexpr std::size_t kPolicyNamesMax = 64;  // logs, and witnesses and groups together; the text asks for 32

struct Policy {
  struct Log {
    VerifierKey key;
    std::string url;  // or nothing
  };
  struct Witness {
    VerifierKey key;
    std::string url;
  };
  // A witness, or a group of which `needed` must have cosigned.
  struct Member {
    std::string name;
    std::optional<std::size_t> witness;  // which; or a group of
    std::size_t needed = 0;
    std::vector<std::size_t> members;  // which of the members before this one
  };

  std::vector<Log> logs;
  std::vector<Witness> witnesses;
  std::vector<Member> members;
  std::optional<std::size_t> quorum;  // which member; nothing: none is asked for

  // `cosigned[i]`: witness i has.
  bool quorum_met(const std::vector<bool>& cosigned) const;
};

// malformed: not of the form, a name twice or not defined before, a key twice or of a type that does not fit, a member
// of two groups, no quorum or two, or over a limit.   refused: a key of an algorithm that is not known here.
Result<Policy> parse_policy(std::string_view text);
// In its plainest spelling, thresholds as numbers.
std::string print(const Policy& policy);

// A checkpoint as far as a policy trusts it.
struct Trusted {
  struct Cosigner {
    std::string name;  // of the witness's key
    std::int64_t time_s = 0;
    bool operator==(const Cosigner&) const = default;
  };
  Checkpoint checkpoint;
  VerifierKey log;
  std::vector<Cosigner> witnesses;
};
// malformed: not a note of a checkpoint.   refused: not of a log of the policy, not signed by it, a bad signature of a
// key in the policy, or fewer cosignatures than the quorum.
Result<Trusted> verify_checkpoint(const Note& note, const Policy& policy);

}  // namespace countersign::ledger
