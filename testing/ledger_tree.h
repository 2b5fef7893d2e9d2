// A Merkle tree that keeps every leaf and every inner node, and may be bent.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/ledger/merkle.h"

namespace countersign::testing {

using ledger::Edge;
using ledger::Hash;
using ledger::Head;
using ledger::Node;
using ledger::Nodes;

struct LedgerTree {
  Edge edge;
  std::vector<Hash> leaves;
  std::map<std::pair<int, std::uint64_t>, Hash> inner;

  LedgerTree() = default;
  explicit LedgerTree(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) append_text(text);
  }

  std::uint64_t size() const { return edge.size(); }
  Hash leaf(std::uint64_t index) const { return leaves[index]; }
  Head head() const { return {size(), edge.root()}; }

  void append(ByteView entry) { append_leaf(ledger::leaf_hash(entry)); }
  void append_text(std::string_view entry) { append(bytes_of(entry)); }
  void append_leaf(const Hash& leaf) {
    leaves.push_back(leaf);
    edge.append(leaf, [this](const Node& node, const Hash& hash) { inner[{node.level, node.index}] = hash; });
  }
  void rebuild() {
    edge = Edge();
    inner.clear();
    for (const Hash& leaf : std::exchange(leaves, {})) append_leaf(leaf);
  }
  Nodes nodes() const {
    return [this](const Node& node) -> Result<Hash> {
      if (node.level == 0) return node.index < leaves.size() ? Result<Hash>(leaves[node.index]) : none();
      const auto found = inner.find({node.level, node.index});
      return found == inner.end() ? none() : Result<Hash>(found->second);
    };
  }

 private:
  static Result<Hash> none() { return Error{Errc::not_found, "no such node"}; }
};

}  // namespace countersign::testing
