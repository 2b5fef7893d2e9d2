#include <map>
#include <utility>

#include "embedded/prompt_templates.h"
#include "web/messages.h"
#include "web/mustache.h"
#include "web/page.h"

namespace countersign::web {
namespace {

constexpr std::string_view kFolder = "prompt/";

}  // namespace

// A partial of "prompt/choose" is looked for in "prompt/".
struct Templates::Tree {
  std::map<std::string, Nodes, std::less<>> templates;

  const Nodes* find(std::string_view name) const {
    const auto found = templates.find(name);
    return found == templates.end() ? nullptr : &found->second;
  }

  // Everything that rendering would miss.
  Result<void> check(const Nodes& nodes, int depth) const {
    if (depth > kSectionDepthMax * kPartialDepthMax) return Error{Errc::malformed, "partials without end"};
    for (const Node& node : nodes) {
      TRY(check(node.children, depth + 1));
      if (node.kind == Node::Kind::message && message(languages().front(), node.text).empty()) {
        return Error{Errc::malformed, "{{t." + node.text + "}}: no such message"};
      }
      if (node.kind != Node::Kind::partial) continue;
      const Nodes* const partial = find(std::string(kFolder) + node.text);
      if (!partial) return Error{Errc::malformed, "{{>" + node.text + "}}: no such template"};
      TRY(check(*partial, depth + kSectionDepthMax));
    }
    return {};
  }
};

Value Value::object(Members members) {
  Value out{std::string()};
  out.members_ = std::move(members);
  return out;
}

Value Value::list(std::vector<Value> items) {
  Value out{std::string()};
  out.items_ = std::move(items);
  return out;
}

Value Value::yes() { return Value("yes"); }

const Value* Value::find(std::string_view name) const {
  for (const auto& [key, value] : members_) {
    if (key == name) return &value;
  }
  return nullptr;
}

Result<Templates> Templates::load() {
  auto tree = std::make_shared<Tree>();
  for (const Embedded& file : embedded_prompt_templates()) {
    const std::string name = std::string(kFolder) + std::string(file.name.substr(0, file.name.rfind('.')));
    Result<Nodes> nodes = parse_template(file.text);
    if (!nodes) return Error{Errc::malformed, name + ": " + nodes.error().what};
    tree->templates.emplace(name, std::move(*nodes));
  }
  for (const auto& [name, nodes] : tree->templates) {
    const Result<void> fine = tree->check(nodes, 0);
    if (!fine) return Error{Errc::malformed, name + ": " + fine.error().what};
  }
  Templates out;
  out.tree_ = std::move(tree);
  return out;
}

std::string Templates::render(std::string_view name, std::string_view language, const Value& values) const {
  const Nodes* const nodes = tree_->find(name);
  const Words* const words = words_of(language);
  if (!nodes || !words) return {};
  Surroundings around;
  around.partial = [this](std::string_view partial) {
    return tree_->find(std::string(kFolder) + std::string(partial));
  };
  around.message = [&](std::string_view key, const Scope& scope) -> std::string {
    const auto found = words->messages.find(key);
    if (found == words->messages.end()) return {};
    return found->second.fill(language, [&scope](std::string_view placeholder) {
      const Value* const value = look_up(scope, placeholder);
      return value ? value->text() : std::string();
    });
  };
  const Value everywhere = Value::object({{"language", std::string(language)},
                                          {"direction", std::string(direction(language))},
                                          {"script", std::string(asset_path("prompt.js"))},
                                          {"style", std::string(asset_path("prompt.css"))},
                                          {"icon", std::string(asset_path("mark.svg"))}});
  return fill(*nodes, around, {&everywhere, &values});
}

}  // namespace countersign::web
