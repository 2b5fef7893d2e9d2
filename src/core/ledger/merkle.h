// The Merkle tree of RFC 6962 §2.1 (RFC 9162 §2.1): hashes, the growing edge, proofs and their verification.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace countersign::ledger {

using Hash = std::array<std::uint8_t, 32>;

inline constexpr std::uint64_t kTreeSizeMax = 0x7fff'ffff'ffff'ffff;  // what a database's integer holds
inline constexpr std::size_t kProofHashesMax = 63;                    // C2SP tlog-witness: lines of a proof

Hash leaf_hash(ByteView entry);                       // SHA-256(0x00 ‖ entry)
Hash node_hash(const Hash& left, const Hash& right);  // SHA-256(0x01 ‖ left ‖ right)
Hash empty_root();                                    // SHA-256 of nothing

// A node: the root of the perfect subtree over leaves [index·2^level, (index+1)·2^level).
struct Node {
  int level = 0;
  std::uint64_t index = 0;
  bool operator==(const Node&) const = default;
};

// The right edge of a tree: the roots of its perfect subtrees, largest first. All that is needed to append.
class Edge {
  std::uint64_t size_ = 0;
  std::vector<Hash> peaks_;  // one for each bit set in size_, highest first

 public:
  Edge() = default;  // of the empty tree
  // malformed: not as many hashes as `size` has bits, or a size over the maximum.
  static Result<Edge> from(std::uint64_t size, std::vector<Hash> peaks);
  // The peaks one after the other.   malformed as above.
  static Result<Edge> decode(std::uint64_t size, ByteView peaks);
  Bytes peaks() const;

  std::uint64_t size() const { return size_; }
  Hash root() const;
  // Appends a leaf. `completed`, where given, hears of each inner node (level ≥ 1) that this leaf completes.
  void append(const Hash& leaf, const std::function<void(const Node&, const Hash&)>& completed = nullptr);
};

// Hashes of complete subtrees of a tree of at least the size asked about. Errors pass through.
using Nodes = std::function<Result<Hash>(const Node&)>;

// malformed: index ≥ size, old_size > size, or a size over the maximum. From the empty tree the proof is empty.
Result<Hash> root_of(std::uint64_t size, const Nodes& nodes);
Result<std::vector<Hash>> inclusion_proof(std::uint64_t index, std::uint64_t size, const Nodes& nodes);
Result<std::vector<Hash>> consistency_proof(std::uint64_t old_size, std::uint64_t size, const Nodes& nodes);

struct Head {
  std::uint64_t size = 0;
  Hash root{};
  bool operator==(const Head&) const = default;
};

// RFC 9162 §2.1.3.2 and §2.1.4.2. malformed: an index or size that cannot be.   refused: the proof does not show it.
// Every tree continues the empty one, so an old size of 0 is malformed: there is nothing to prove.
Result<void> verify_inclusion(const Hash& leaf, std::uint64_t index, const Head& head, const std::vector<Hash>& proof);
Result<void> verify_consistency(const Head& old_head, const Head& head, const std::vector<Hash>& proof);

}  // namespace countersign::ledger
