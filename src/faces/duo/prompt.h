// The menu that text clients (login_duo, pam_duo, the openvpn plug-in) print as they get it (duo-api §3.1, §3.4).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "faces/duo/bson.h"
#include "flow/preauth.h"

namespace countersign::duo {

struct Prompt {
  std::string text;
  Document factors;  // "default" and "1", "2", … to the word the client sends for it
};

// `word` is "push" or "verified_push".
Prompt prompt_of(std::string_view username, const std::vector<flow::Device>& devices, std::string_view word);

// How a device is called where a person chooses: its name and masked number, without control characters.
std::string label_of(const flow::Device& device);

bool can_push(const flow::Device& device);

}  // namespace countersign::duo
