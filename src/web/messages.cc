#include "web/messages.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "core/codec/json_read.h"
#include "embedded/prompt_messages.h"
#include "web/page.h"

namespace countersign::web {
namespace {

constexpr std::string_view kFirstIsolate = "\u2068", kPopIsolate = "\u2069";

Error broken(std::string_view what) { return Error{Errc::malformed, std::string(what)}; }

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \n") - from + 1);
}

// The index of the brace that closes the one at `open`, or npos.
std::size_t partner(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
}

// "one {# day} other {# days}"
Result<std::map<std::string, std::string>> read_forms(std::string_view text) {
  std::map<std::string, std::string> out;
  while (!(text = trimmed(text)).empty()) {
    const std::size_t open = text.find('{');
    if (open == std::string_view::npos) return broken("a form without text");
    const std::size_t close = partner(text, open);
    const std::string_view category = trimmed(text.substr(0, open));
    if (close == std::string_view::npos || !is_name(category)) return broken("a form that is not closed");
    const std::string_view form = text.substr(open + 1, close - open - 1);
    if (form.find('{') != std::string_view::npos) return broken("a form within a form");
    out.emplace(category, form);
    text.remove_prefix(close + 1);
  }
  if (!out.contains("other")) return broken("forms without \"other\"");
  return out;
}

bool digits_only(std::string_view text) { return text.find_first_not_of("0123456789:") == std::string_view::npos; }

bool ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string isolated(std::string_view language, std::string value) {
  if (digits_only(value) || (direction(language) == "ltr" && ascii(value))) return value;
  return std::string(kFirstIsolate) + value + std::string(kPopIsolate);
}

std::map<std::string, Words, std::less<>> read_all() {
  std::map<std::string, Words, std::less<>> out;
  for (const Embedded& file : embedded_prompt_messages()) {
    Result<Words> words = read_words(file.text);
    if (!words) {
      std::fprintf(stderr, "%s: %s\n", std::string(file.name).c_str(), words.error().what.c_str());
      std::abort();
    }
    out.emplace(file.name.substr(0, file.name.find('.')), std::move(*words));
  }
  return out;
}

}  // namespace

Result<Message> Message::parse(std::string_view text) {
  Message out;
  while (!text.empty()) {
    const std::size_t brace = text.find_first_of("{}");
    if (brace != 0) out.parts_.push_back({std::string(text.substr(0, brace)), {}, {}});
    if (brace == std::string_view::npos) break;
    const std::size_t close = text[brace] == '{' ? partner(text, brace) : std::string_view::npos;
    if (close == std::string_view::npos) return broken("a brace without its partner");
    const std::string_view inside = text.substr(brace + 1, close - brace - 1);
    const std::size_t comma = inside.find(',');
    Part part;
    part.name = trimmed(inside.substr(0, comma));
    if (!is_name(part.name)) return broken("a placeholder has a name of small letters");
    if (comma != std::string_view::npos) {
      const std::string_view rest = inside.substr(comma + 1);
      const std::size_t second = rest.find(',');
      if (second == std::string_view::npos || trimmed(rest.substr(0, second)) != "plural") {
        return broken("only plural is known");
      }
      part.forms = TRY(read_forms(rest.substr(second + 1)));
    }
    out.parts_.push_back(std::move(part));
    text.remove_prefix(close + 1);
  }
  return out;
}

std::string Message::fill(std::string_view language, const std::function<std::string(std::string_view)>& value) const {
  std::string out;
  for (const Part& part : parts_) {
    if (part.name.empty()) {
      out += part.literal;
      continue;
    }
    const std::string text = value(part.name);
    if (part.forms.empty()) {
      out += isolated(language, text);
      continue;
    }
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    auto form = part.forms.find(std::string(plural_form(language, number)));
    if (form == part.forms.end()) form = part.forms.find("other");
    for (const char c : form->second) c == '#' ? out += text : out += c;
  }
  return out;
}

std::vector<std::string> Message::names() const {
  std::set<std::string> names;
  for (const Part& part : parts_) {
    if (!part.name.empty()) names.insert(part.name);
  }
  return {names.begin(), names.end()};
}

// Unicode CLDR 46, language plural rules, for integers.
std::string_view plural_form(std::string_view language, std::int64_t number) {
  if (language == "ja") return "other";
  if (language == "fr") return number == 0 || number == 1 ? "one" : "other";
  if (language == "ar") {
    const std::int64_t rest = number % 100;
    if (number >= 0 && number <= 2) return number == 0 ? "zero" : number == 1 ? "one" : "two";
    if (rest >= 3 && rest <= 10) return "few";
    return rest >= 11 ? "many" : "other";
  }
  return number == 1 ? "one" : "other";
}

Result<Words> read_words(std::string_view json) {
  const codec::Json file = TRY(codec::parse_json(json));
  if (!file.is_object()) return broken("not an object");
  Words out;
  for (const auto& [key, value] : file.members()) {
    const Result<std::string_view> text = value.as_string();
    if (!text) return broken(key + " is no text");
    Result<Message> message = Message::parse(*text);
    if (!message) return broken(key + ": " + message.error().what);
    if (!out.texts.emplace(key, *text).second) return broken(key + " stands twice");
    out.messages.emplace(key, std::move(*message));
  }
  return out;
}

const Words* words_of(std::string_view language) {
  static const auto kWords = read_all();
  const auto found = kWords.find(language);
  return found == kWords.end() ? nullptr : &found->second;
}

}  // namespace countersign::web
