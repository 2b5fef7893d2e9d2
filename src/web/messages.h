// The words on pages, in every language: flat message files, written in a small part of ICU's MessageFormat.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace countersign::web {

// "Remember this browser for {days, plural, one {# day} other {# days}}": placeholders, and forms by number with the
// categories of CLDR; "#" is the number within one. Nothing else; a form holds no further forms.
class Message {
 public:
  // malformed: a brace without its partner, something else than a placeholder, forms without "other".
  static Result<Message> parse(std::string_view text);

  // `value` gives what stands for a name. In text that runs from right to left, and around text of another script, each
  // value is isolated (U+2068 … U+2069), so that it does not turn its neighbours around (UAX #9 §2.4).
  std::string fill(std::string_view language, const std::function<std::string(std::string_view)>& value) const;
  // Of the placeholders, sorted, each once.
  std::vector<std::string> names() const;

 private:
  struct Part {
    std::string literal;  // where `name` is empty
    std::string name;
    std::map<std::string, std::string> forms;
  };
  std::vector<Part> parts_;
};

// CLDR's category of a whole number for the languages we speak: "zero", "one", "two", "few", "many", "other".
std::string_view plural_form(std::string_view language, std::int64_t number);

// One language.   malformed: not an object of texts, a key twice, a message that cannot be parsed (the error names it).
struct Words {
  std::map<std::string, std::string, std::less<>> texts;
  std::map<std::string, Message, std::less<>> messages;
};
Result<Words> read_words(std::string_view json);

// The embedded files; null for a language that is none of ours. Where one is broken this program was built wrongly.
const Words* words_of(std::string_view language);

}  // namespace countersign::web
