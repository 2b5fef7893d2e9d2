// Where in a page of HTML a template stands, so that a value goes only where escaping makes it harmless.
#pragma once

#include <string>
#include <string_view>

namespace countersign::web {

// Enough of HTML's tokenizer (WHATWG HTML §13.2.5) for pages that we write ourselves.
class HtmlContext {
 public:
  enum class Place {
    text,       // between tags
    attribute,  // within a quoted attribute
    address,    // at the beginning of a quoted href, src, action or formaction
    elsewhere,  // in a tag, an unquoted attribute, a comment, a script or a style: no value may stand here
  };

  void read(std::string_view literal);
  // A value stands here.
  void value() { value_begun_ = state_ == State::double_quoted || state_ == State::single_quoted; }
  Place place() const;
  bool operator==(const HtmlContext&) const = default;

 private:
  enum class State { text, tag_name, in_tag, name, after_equals, double_quoted, single_quoted, unquoted, comment };

  void step(char c);
  void step_in_tag(char c);
  void close_tag();

  State state_ = State::text;
  std::string tag_, name_;
  std::string tail_;          // the last characters, to find the ends of comments and of raw elements
  bool value_begun_ = false;  // something of the attribute's value has been read
};

}  // namespace countersign::web
