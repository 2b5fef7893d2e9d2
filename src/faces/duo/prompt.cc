#include "faces/duo/prompt.h"

#include <algorithm>

#include <fmt/format.h>

#include "faces/duo/envelope.h"

namespace countersign::duo {

bool can_push(const flow::Device& device) {
  return std::find(device.capabilities.begin(), device.capabilities.end(), "push") != device.capabilities.end();
}

std::string label_of(const flow::Device& device) {
  const std::string name = printable(device.name);
  if (device.masked.empty()) return name.empty() ? (device.token ? "token" : "phone") : name;
  return name.empty() ? device.masked : fmt::format("{} ({})", name, device.masked);
}

Prompt prompt_of(std::string_view username, const std::vector<flow::Device>& devices, std::string_view word) {
  Prompt out;
  const std::string who = printable(username);
  out.text = who.empty() ? "Two-factor login\n\n" : fmt::format("Two-factor login for {}\n\n", who);
  int count = 0;
  for (const flow::Device& device : devices) {
    if (!can_push(device)) continue;
    if (count == 0) out.text += "Type a passcode or choose one of these:\n\n";
    const std::string choice = fmt::format("{}{}", word, ++count);
    if (count == 1) out.factors.text("default", choice);
    out.factors.text(std::to_string(count), choice);
    out.text += fmt::format(" {}. Push to {}\n", count, label_of(device));
  }
  out.text += count == 0 ? "Passcode: " : fmt::format("\nPasscode or option (1-{}): ", count);
  return out;
}

}  // namespace countersign::duo
