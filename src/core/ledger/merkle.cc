#include "core/ledger/merkle.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/crypto/hash.h"

namespace countersign::ledger {
namespace {

// RFC 6962 §2.1: what keeps a leaf from being taken for an inner node.
constexpr std::uint8_t kLeafPrefix[] = {0x00}, kNodePrefix[] = {0x01};

Hash sha256(std::span<const ByteView> parts) {
  std::array<std::uint8_t, crypto::kDigestMax> digest;
  crypto::hash_into(crypto::HashKind::sha256, parts, digest);
  Hash out;
  std::memcpy(out.data(), digest.data(), out.size());
  return out;
}

Error too_large() { return {Errc::malformed, "a tree has at most 2^63-1 leaves"}; }

// MTH of `count` leaves from `begin`, a multiple of the largest power of two in `count`.
Result<Hash> root_of_range(std::uint64_t begin, std::uint64_t count, const Nodes& nodes) {
  std::vector<Hash> peaks;
  for (std::uint64_t left = count; left;) {
    const int level = static_cast<int>(std::bit_width(left)) - 1;
    peaks.push_back(TRY(nodes(Node{level, begin >> level})));
    begin += std::uint64_t{1} << level;
    left -= std::uint64_t{1} << level;
  }
  if (peaks.empty()) return empty_root();
  Hash root = peaks.back();
  for (std::size_t i = peaks.size() - 1; i-- > 0;) root = node_hash(peaks[i], root);
  return root;
}

// A path through the tree is two numbers: the node's place in its level, and the last place there is.
struct Place {
  std::uint64_t at, last;

  bool odd() const { return at & 1; }
  void up() { at >>= 1, last >>= 1; }
  // Past the levels on which an unpaired node at the right edge has no sibling.
  void up_to_pair() {
    while (at && !odd()) up();
  }
};

}  // namespace

Hash leaf_hash(ByteView entry) {
  const ByteView parts[] = {kLeafPrefix, entry};
  return sha256(parts);
}

Hash node_hash(const Hash& left, const Hash& right) {
  const ByteView parts[] = {kNodePrefix, left, right};
  return sha256(parts);
}

Hash empty_root() { return sha256({}); }

Result<Edge> Edge::from(std::uint64_t size, std::vector<Hash> peaks) {
  if (size > kTreeSizeMax) return too_large();
  if (peaks.size() != static_cast<std::size_t>(std::popcount(size))) {
    return Error{Errc::malformed, "an edge has one hash for each bit of its size"};
  }
  Edge edge;
  edge.size_ = size;
  edge.peaks_ = std::move(peaks);
  return edge;
}

Result<Edge> Edge::decode(std::uint64_t size, ByteView peaks) {
  if (peaks.size() != static_cast<std::size_t>(std::popcount(size)) * sizeof(Hash)) {
    return Error{Errc::malformed, "an edge has 32 bytes for each bit of its size"};
  }
  std::vector<Hash> hashes(peaks.size() / sizeof(Hash));
  if (!peaks.empty()) std::memcpy(hashes.data(), peaks.data(), peaks.size());
  return from(size, std::move(hashes));
}

Bytes Edge::peaks() const {
  Bytes out;
  for (const Hash& peak : peaks_) countersign::append(out, peak);
  return out;
}

Hash Edge::root() const {
  if (peaks_.empty()) return empty_root();
  Hash root = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) root = node_hash(peaks_[i], root);
  return root;
}

void Edge::append(const Hash& leaf, const std::function<void(const Node&, const Hash&)>& completed) {
  Hash hash = leaf;
  // Each trailing one of the size is a peak that this leaf finds its pair in, as in a binary counter.
  int level = 0;
  for (std::uint64_t rest = size_; rest & 1; rest >>= 1) {
    hash = node_hash(peaks_.back(), hash);
    peaks_.pop_back();
    ++level;
    if (completed) completed(Node{level, size_ >> level}, hash);
  }
  peaks_.push_back(hash);
  ++size_;
}

Result<Hash> root_of(std::uint64_t size, const Nodes& nodes) {
  if (size > kTreeSizeMax) return too_large();
  return root_of_range(0, size, nodes);
}

// RFC 9162 §2.1.3.1: from the root down, noting the half that is not entered; the proof is read from below.
Result<std::vector<Hash>> inclusion_proof(std::uint64_t index, std::uint64_t size, const Nodes& nodes) {
  if (size > kTreeSizeMax) return too_large();
  if (index >= size) return Error{Errc::malformed, "no such leaf in a tree of that size"};
  std::vector<Hash> proof;
  for (std::uint64_t begin = 0, count = size; count > 1;) {
    const std::uint64_t half = std::bit_floor(count - 1);
    if (index - begin < half) {
      proof.push_back(TRY(root_of_range(begin + half, count - half, nodes)));
      count = half;
    } else {
      proof.push_back(TRY(root_of_range(begin, half, nodes)));
      begin += half;
      count -= half;
    }
  }
  std::ranges::reverse(proof);
  return proof;
}

// RFC 9162 §2.1.4.1.
Result<std::vector<Hash>> consistency_proof(std::uint64_t old_size, std::uint64_t size, const Nodes& nodes) {
  if (size > kTreeSizeMax) return too_large();
  if (old_size > size) return Error{Errc::malformed, "the old tree is the larger one"};
  std::vector<Hash> proof;
  if (old_size == 0) return proof;
  std::uint64_t begin = 0, count = size, left = old_size;
  while (left != count) {
    const std::uint64_t half = std::bit_floor(count - 1);
    if (left <= half) {
      proof.push_back(TRY(root_of_range(begin + half, count - half, nodes)));
      count = half;
    } else {
      proof.push_back(TRY(root_of_range(begin, half, nodes)));
      begin += half;
      count -= half;
      left -= half;
    }
  }
  // At the left edge the subtree is the old tree itself, whose root the verifier has.
  if (begin) proof.push_back(TRY(root_of_range(begin, count, nodes)));
  std::ranges::reverse(proof);
  return proof;
}

Result<void> verify_inclusion(const Hash& leaf, std::uint64_t index, const Head& head, const std::vector<Hash>& proof) {
  if (head.size > kTreeSizeMax) return too_large();
  if (index >= head.size) return Error{Errc::malformed, "no such leaf in a tree of that size"};
  Place place{index, head.size - 1};
  Hash root = leaf;
  for (const Hash& sibling : proof) {
    if (place.last == 0) return Error{Errc::refused, "the inclusion proof is too long"};
    if (place.odd() || place.at == place.last) {
      root = node_hash(sibling, root);
      place.up_to_pair();
    } else {
      root = node_hash(root, sibling);
    }
    place.up();
  }
  if (place.last != 0) return Error{Errc::refused, "the inclusion proof is too short"};
  if (root != head.root) return Error{Errc::refused, "the inclusion proof leads to another root"};
  return {};
}

Result<void> verify_consistency(const Head& old_head, const Head& head, const std::vector<Hash>& proof) {
  if (head.size > kTreeSizeMax) return too_large();
  if (old_head.size == 0) return Error{Errc::malformed, "nothing is to be proved about the empty tree"};
  if (old_head.size > head.size) return Error{Errc::malformed, "the old tree is the larger one"};
  if (old_head.size == head.size) {
    if (!proof.empty()) return Error{Errc::refused, "trees of one size need no proof"};
    if (old_head.root != head.root) return Error{Errc::refused, "two roots for one size"};
    return {};
  }
  const bool whole = std::has_single_bit(old_head.size);  // then the proof begins with the old root, left out
  if (proof.empty() && !whole) return Error{Errc::refused, "the consistency proof is too short"};
  Place place{old_head.size - 1, head.size - 1};
  while (place.odd()) place.up();
  Hash old_root = whole ? old_head.root : proof.front(), root = old_root;
  for (std::size_t i = whole ? 0 : 1; i < proof.size(); ++i) {
    if (place.last == 0) return Error{Errc::refused, "the consistency proof is too long"};
    if (place.odd() || place.at == place.last) {
      old_root = node_hash(proof[i], old_root);
      root = node_hash(proof[i], root);
      place.up_to_pair();
    } else {
      root = node_hash(root, proof[i]);
    }
    place.up();
  }
  if (place.last != 0) return Error{Errc::refused, "the consistency proof is too short"};
  if (old_root != old_head.root) return Error{Errc::refused, "the consistency proof leads to another old root"};
  if (root != head.root) return Error{Errc::refused, "the consistency proof leads to another root"};
  return {};
}

}  // namespace countersign::ledger
