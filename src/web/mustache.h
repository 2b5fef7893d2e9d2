// Templates as trees: what page.h promises about Mustache, without files and languages.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "web/page.h"

namespace countersign::web {

struct Node {
  enum class Kind { literal, value, message, section, inverted, partial };
  Kind kind = Kind::literal;
  std::string text;            // the literal, or the name
  bool address = false;        // value: what begins an href must be harmless as one
  std::vector<Node> children;  // of a section
};
using Nodes = std::vector<Node>;

inline constexpr int kSectionDepthMax = 16;
inline constexpr int kPartialDepthMax = 8;

// malformed: a tag that is not closed, a section closed by another name, open at the end, or deeper than 16; a value
// where it cannot be escaped; a section that leaves another place in the HTML than it found.
Result<Nodes> parse_template(std::string_view source);

// The values around a tag, innermost last.
using Scope = std::vector<const Value*>;
// "name", "of.name" or "." (the innermost itself); null where there is none.
const Value* look_up(const Scope& scope, std::string_view name);

// What a template needs beside its values. `partial` gives null where there is none (then nothing is printed).
struct Surroundings {
  std::function<const Nodes*(std::string_view name)> partial;
  std::function<std::string(std::string_view key, const Scope&)> message;  // not escaped yet
};
std::string fill(const Nodes& nodes, const Surroundings& around, Scope scope);

std::string escape_html(std::string_view text);

}  // namespace countersign::web
