#include "core/codec/user_agent.h"

#include <array>

namespace countersign::codec {
namespace {

constexpr std::size_t kVersionMax = 32;

struct Mark {
  std::string_view token;  // before the version
  std::string_view name;
};

// In order: most browsers name the ones they are like as well, so the rarer name comes first.
constexpr std::array<Mark, 13> kBrowsers = {{
    {"EdgiOS/", "Edge"},
    {"EdgA/", "Edge"},
    {"Edg/", "Edge"},
    {"OPR/", "Opera"},
    {"OPT/", "Opera"},
    {"SamsungBrowser/", "Samsung Internet"},
    {"Vivaldi/", "Vivaldi"},
    {"FxiOS/", "Firefox"},
    {"Firefox/", "Firefox"},
    {"CriOS/", "Chrome"},
    {"Chrome/", "Chrome"},
    {"Trident/", "Internet Explorer"},
    {"Version/", "Safari"},
}};

constexpr std::array<Mark, 7> kSystems = {{
    {"Windows NT ", "Windows"},
    {"iPhone OS ", "iOS"},
    {"CPU OS ", "iPadOS"},
    {"Android ", "Android"},
    {"CrOS ", "ChromeOS"},
    {"Mac OS X ", "macOS"},
    {"Linux", "Linux"},
}};

// Digits with dots (or the underscores Apple writes) from `at` on.
std::string version_at(std::string_view text, std::size_t at) {
  std::string out;
  for (; at < text.size() && out.size() < kVersionMax; ++at) {
    const char c = text[at] == '_' ? '.' : text[at];
    if ((c < '0' || c > '9') && c != '.') break;
    out.push_back(c);
  }
  while (out.ends_with('.')) out.pop_back();
  return out;
}

template <std::size_t kCount>
bool find_mark(std::string_view text, const std::array<Mark, kCount>& marks, std::string& name, std::string& version) {
  for (const Mark& mark : marks) {
    const std::size_t at = text.find(mark.token);
    if (at == std::string_view::npos) continue;
    name = mark.name;
    version = version_at(text, at + mark.token.size());
    return true;
  }
  return false;
}

}  // namespace

UserAgent read_user_agent(std::string_view text) {
  UserAgent out;
  if (text.size() > kUserAgentMax) return out;
  const bool safari = text.find("Safari/") != std::string_view::npos;
  const bool found = find_mark(text, kBrowsers, out.browser, out.browser_version);
  // "Version/" alone is nobody's name.
  if (found && out.browser == "Safari" && !safari) out = UserAgent();
  find_mark(text, kSystems, out.os, out.os_version);
  return out;
}

}  // namespace countersign::codec
