// How the authenticator's commands print what they know, for people and for programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/codec/json_write.h"
#include "core/codec/otpauth.h"
#include "flow/push.h"

namespace countersign::server {

// Text from elsewhere, fit for a terminal: control characters and those that turn the writing direction become "?".
std::string printable(std::string_view text);

// Rows of cells under a head, columns aligned, two spaces between; each line ended.
std::string table(const std::vector<std::vector<std::string>>& rows);

// A request as its account's authenticator got it.
struct FoundRequest {
  std::string account;
  flow::PendingRequest request;
};
std::string request_table(const std::vector<FoundRequest>& found, Instant now);
void write_request(codec::JsonWriter& w, const FoundRequest& found);
std::string requests_json(const std::vector<FoundRequest>& found);
// "ssh: Login of ada from 192.0.2.7 (host: web1)"
std::string described(const flow::PendingRequest& request);

struct Code {
  std::string account;
  std::string code;
  int seconds_left = 0;  // totp; 0: a code by counter
};
// The code of `now`, or of the counter.
Code code_of(const codec::Otpauth& otp, Instant now);
std::string code_table(const std::vector<Code>& codes);
std::string codes_json(const std::vector<Code>& codes);

}  // namespace countersign::server
