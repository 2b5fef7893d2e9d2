// What a state decoder owes: it takes a state whole or not at all, and what it writes it reads again.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/factor/factor.h"

namespace countersign::fuzz {

// The first `code_size` bytes are the code typed (digits, by their last figure), the rest is the state.
inline void run_state(factor::VerifyPasscode verify, std::size_t code_size, ByteView input) {
  if (input.size() < code_size) return;
  std::string code;
  for (const std::uint8_t byte : input.first(code_size)) code.push_back(static_cast<char>('0' + byte % 10));
  const Instant now = from_unix_s(1'700'000'000);
  const auto first = verify(input.subspan(code_size), Secret(std::string_view(code)), now);
  if (!first) {
    if (first.error().code != Errc::malformed && first.error().code != Errc::refused) std::abort();
    return;
  }
  if (first->next_state.size() > input.size() - code_size) std::abort();
  const auto second = verify(first->next_state, Secret(std::string_view(code)), now);
  if (!second && second.error().code != Errc::refused) std::abort();
}

}  // namespace countersign::fuzz
