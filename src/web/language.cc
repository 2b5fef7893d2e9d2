// Which language a page speaks.
#include <charconv>

#include "web/messages.h"
#include "web/page.h"

namespace countersign::web {
namespace {

constexpr std::size_t kAcceptLanguageMax = 1000;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// "fr-CH" is French to us (RFC 4647 §3.4, lookup); empty: none of ours.
std::string known(std::string_view range) {
  std::string primary;
  for (const char c : range.substr(0, range.find('-'))) {
    primary.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  for (const std::string& language : languages()) {
    if (language == primary) return language;
  }
  return {};
}

// ";q=0.8" in thousandths (RFC 9110 §12.4.2); 0 where it cannot be read.
int weight(std::string_view parameters) {
  parameters = trimmed(parameters);
  if (parameters.empty()) return 1000;
  if (!parameters.starts_with("q=") && !parameters.starts_with("Q=")) return 0;
  parameters.remove_prefix(2);
  if (parameters.empty() || parameters.size() > 5) return 0;
  int out = 0, scale = 1000;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const char c = parameters[i];
    if (i == 1 ? c != '.' : c < '0' || c > '9') return 0;
    if (i == 1) continue;
    out += (c - '0') * scale;
    scale /= 10;
  }
  return out <= 1000 ? out : 0;
}

}  // namespace

const std::vector<std::string>& languages() {
  static const std::vector<std::string> kLanguages{"en", "fr", "de", "es", "ja", "ar"};
  return kLanguages;
}

std::string language_for(std::string_view wanted, std::string_view accept_language) {
  if (std::string chosen = known(wanted); !chosen.empty()) return chosen;
  std::string best = languages().front();
  int best_weight = 0;
  if (accept_language.size() > kAcceptLanguageMax) return best;
  while (!accept_language.empty()) {
    const std::size_t comma = accept_language.find(',');
    const std::string_view range = accept_language.substr(0, comma);
    const std::size_t semicolon = range.find(';');
    const std::string language = known(trimmed(range.substr(0, semicolon)));
    const int q = weight(semicolon == std::string_view::npos ? std::string_view() : range.substr(semicolon + 1));
    if (!language.empty() && q > best_weight) {
      best = language;
      best_weight = q;
    }
    accept_language.remove_prefix(comma == std::string_view::npos ? accept_language.size() : comma + 1);
  }
  return best;
}

std::string_view direction(std::string_view language) { return language == "ar" ? "rtl" : "ltr"; }

std::string message(std::string_view language, std::string_view key) {
  const Words* words = words_of(language);
  if (!words) words = words_of("en");
  const auto found = words->texts.find(key);
  return found == words->texts.end() ? std::string() : found->second;
}

}  // namespace countersign::web
