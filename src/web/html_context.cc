#include "web/html_context.h"

namespace countersign::web {
namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Elements whose content is no HTML.
bool raw(std::string_view tag) { return tag == "script" || tag == "style"; }

bool leads_somewhere(std::string_view attribute) {
  return attribute == "href" || attribute == "src" || attribute == "action" || attribute == "formaction";
}

}  // namespace

HtmlContext::Place HtmlContext::place() const {
  switch (state_) {
    case State::text: return raw(tag_) ? Place::elsewhere : Place::text;
    case State::double_quoted:
    case State::single_quoted: return leads_somewhere(name_) && !value_begun_ ? Place::address : Place::attribute;
    case State::tag_name:
    case State::in_tag:
    case State::name:
    case State::after_equals:
    case State::unquoted:
    case State::comment: break;
  }
  return Place::elsewhere;
}

void HtmlContext::read(std::string_view literal) {
  for (const char c : literal) step(c);
}

void HtmlContext::close_tag() {
  state_ = State::text;
  name_.clear();
  tail_.clear();
  if (!raw(tag_)) tag_.clear();
}

void HtmlContext::step(char c) {
  switch (state_) {
    case State::text:
      if (c != '<') break;
      if (!raw(tag_)) tag_.clear();
      state_ = State::tag_name;
      tail_.clear();
      return;
    case State::tag_name:
      if (raw(tag_) && tail_.empty() && c != '/') {  // "<" within a script is text
        state_ = State::text;
        return;
      }
      if (tail_.empty() && c == '/') tag_.clear();
      tail_.push_back(c);
      if (tail_ == "!--") {
        state_ = State::comment;
        tail_.clear();
      } else if (c == '>') {
        close_tag();
      } else if (blank(c)) {
        state_ = State::in_tag;
      } else {
        tag_.push_back(lower(c));
      }
      return;
    case State::comment:
      tail_.push_back(c);
      if (tail_.ends_with("-->")) close_tag();
      return;
    case State::in_tag:
    case State::name:
    case State::after_equals:
    case State::double_quoted:
    case State::single_quoted:
    case State::unquoted: step_in_tag(c); return;
  }
}

void HtmlContext::step_in_tag(char c) {
  const char quote = state_ == State::double_quoted ? '"' : '\'';
  if (state_ == State::double_quoted || state_ == State::single_quoted) {
    value_begun_ = true;
    if (c != quote) return;
    state_ = State::in_tag;
    value_begun_ = false;
    name_.clear();
  } else if (c == '>') {
    close_tag();
  } else if (blank(c)) {
    if (state_ != State::after_equals) state_ = State::in_tag;
  } else if (state_ == State::after_equals) {
    state_ = c == '"' ? State::double_quoted : c == '\'' ? State::single_quoted : State::unquoted;
    value_begun_ = false;
  } else if (c == '=' && state_ != State::unquoted) {
    state_ = State::after_equals;
  } else if (state_ != State::unquoted) {
    if (state_ == State::in_tag) name_.clear();
    state_ = State::name;
    name_.push_back(lower(c));
  }
}

}  // namespace countersign::web
