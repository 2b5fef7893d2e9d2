#include "web/mustache.h"

#include <utility>

#include "web/html_context.h"

namespace countersign::web {
namespace {

constexpr std::string_view kOpen = "{{", kClose = "}}";

bool only_blanks(std::string_view text) { return text.find_first_not_of(" \t\r") == std::string_view::npos; }

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

Error broken(std::string what) { return Error{Errc::malformed, std::move(what)}; }

// Reads one template from front to back.
class Parser {
  struct Tag {
    char sigil = 0;  // '#', '^', '/', '>', '!', or 0 for a value
    std::string_view name;
    std::size_t begin = 0, end = 0;
  };

  std::string_view source_;
  std::size_t at_ = 0;
  HtmlContext html_;

 public:
  explicit Parser(std::string_view source) : source_(source) {}

  Result<Nodes> read(std::string_view section, int depth) {
    Nodes out;
    if (depth > kSectionDepthMax) return broken("sections are nested too deeply");
    while (true) {
      const std::size_t begin = source_.find(kOpen, at_);
      if (begin == std::string_view::npos) break;
      Tag tag = TRY(tag_at(begin));
      literal(out, source_.substr(at_, tag.begin - at_));
      at_ = tag.end;
      if (tag.sigil == '/') {
        if (tag.name != section) return broken("{{/" + std::string(tag.name) + "}} closes nothing");
        return out;
      }
      TRY(add(out, tag, depth));
    }
    if (!section.empty()) return broken("{{#" + std::string(section) + "}} is not closed");
    literal(out, source_.substr(at_));
    at_ = source_.size();
    if (html_ != HtmlContext()) return broken("a template ends within a tag");
    return out;
  }

 private:
  void literal(Nodes& out, std::string_view text) {
    if (text.empty()) return;
    html_.read(text);
    out.push_back({Node::Kind::literal, std::string(text), false, {}});
  }

  // A tag that prints nothing of its own and stands alone in its line takes the line with it.
  void take_line(Tag& tag) const {
    const std::size_t before = source_.rfind('\n', tag.begin);
    const std::size_t line = tag.begin == 0 || before == std::string_view::npos ? 0 : before + 1;
    std::size_t after = source_.find('\n', tag.end);
    if (after == std::string_view::npos) after = source_.size();
    if (line < at_ || !only_blanks(source_.substr(line, tag.begin - line))) return;
    if (!only_blanks(source_.substr(tag.end, after - tag.end))) return;
    tag.begin = line;
    tag.end = after == source_.size() ? after : after + 1;
  }

  Result<Tag> tag_at(std::size_t begin) const {
    const std::size_t close = source_.find(kClose, begin);
    if (close == std::string_view::npos) return broken("a tag is not closed");
    std::string_view inside = source_.substr(begin + kOpen.size(), close - begin - kOpen.size());
    Tag tag{0, {}, begin, close + kClose.size()};
    if (!inside.empty() && std::string_view("#^/>!").find(inside.front()) != std::string_view::npos) {
      tag.sigil = inside.front();
      inside.remove_prefix(1);
      take_line(tag);
    }
    tag.name = trimmed(inside);
    if (tag.sigil == '!') return tag;
    const bool fine = !tag.name.empty() && tag.name.find_first_not_of(
                                               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                               "0123456789_.-/") == std::string_view::npos;
    if (!fine) return broken("{{" + std::string(inside) + "}} is no tag that is known here");
    return tag;
  }

  Result<void> add(Nodes& out, const Tag& tag, int depth) {
    Node node;
    node.text = tag.name;
    switch (tag.sigil) {
      case '!': return {};
      case '>':
        if (html_.place() != HtmlContext::Place::text) return broken("a partial stands within a tag");
        node.kind = Node::Kind::partial;
        break;
      case '#':
      case '^': {
        const HtmlContext found = html_;
        node.kind = tag.sigil == '#' ? Node::Kind::section : Node::Kind::inverted;
        node.children = TRY(read(tag.name, depth + 1));
        if (html_ != found) return broken("{{#" + node.text + "}} leaves another place than it found");
        break;
      }
      case 0: TRY(add_value(node)); break;
    }
    out.push_back(std::move(node));
    return {};
  }

  Result<void> add_value(Node& node) {
    node.kind = Node::Kind::value;
    if (node.text.starts_with("t.")) {
      node.kind = Node::Kind::message;
      node.text.erase(0, 2);
    }
    if (html_.place() == HtmlContext::Place::elsewhere) return broken("{{" + node.text + "}} stands in no text");
    node.address = html_.place() == HtmlContext::Place::address;
    html_.value();
    return {};
  }
};

std::string_view harmless(std::string_view address) {
  const bool ours = address.starts_with('/') || address.starts_with('#') || address.starts_with('?');
  if (ours || address.starts_with("https://") || address.starts_with("http://")) return address;
  return "#";
}

void append(std::string& out, const Nodes& nodes, const Surroundings& around, Scope& scope);

void append_section(std::string& out, const Node& node, const Surroundings& around, Scope& scope) {
  const Value* const value = look_up(scope, node.text);
  if (!value || !value->truthy()) return;
  if (value->items().empty()) {
    scope.push_back(value);
    append(out, node.children, around, scope);
    scope.pop_back();
  }
  for (const Value& item : value->items()) {
    scope.push_back(&item);
    append(out, node.children, around, scope);
    scope.pop_back();
  }
}

void append(std::string& out, const Nodes& nodes, const Surroundings& around, Scope& scope) {
  for (const Node& node : nodes) {
    const Value* value = nullptr;
    switch (node.kind) {
      case Node::Kind::literal: out += node.text; break;
      case Node::Kind::value:
        value = look_up(scope, node.text);
        if (value) out += escape_html(node.address ? harmless(value->text()) : value->text());
        break;
      case Node::Kind::message: out += escape_html(around.message(node.text, scope)); break;
      case Node::Kind::section: append_section(out, node, around, scope); break;
      case Node::Kind::inverted:
        value = look_up(scope, node.text);
        if (!value || !value->truthy()) append(out, node.children, around, scope);
        break;
      case Node::Kind::partial:
        if (const Nodes* const partial = around.partial(node.text)) append(out, *partial, around, scope);
        break;
    }
  }
}

}  // namespace

Result<Nodes> parse_template(std::string_view source) { return Parser(source).read({}, 0); }

const Value* look_up(const Scope& scope, std::string_view name) {
  if (name == ".") return scope.empty() ? nullptr : scope.back();
  const std::size_t dot = name.find('.');
  const std::string_view first = name.substr(0, dot);
  for (auto at = scope.rbegin(); at != scope.rend(); ++at) {
    const Value* value = (*at)->find(first);
    if (!value) continue;
    for (std::size_t from = dot; value && from != std::string_view::npos;) {
      const std::size_t to = name.find('.', from + 1);
      value = value->find(name.substr(from + 1, to == std::string_view::npos ? to : to - from - 1));
      from = to;
    }
    return value;
  }
  return nullptr;
}

std::string fill(const Nodes& nodes, const Surroundings& around, Scope scope) {
  std::string out;
  append(out, nodes, around, scope);
  return out;
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      case '\0': break;
      default: out.push_back(c);
    }
  }
  return out;
}

}  // namespace countersign::web
