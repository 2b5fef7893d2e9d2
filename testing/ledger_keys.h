// Keys of logs and witnesses from small seeds, for tests.
#pragma once

#include <string_view>

#include "core/ledger/note.h"

namespace countersign::testing {

inline ledger::SigningKey ledger_key(std::uint8_t seed, std::string_view name) {
  auto key = *crypto::Ed25519Key::from_seed(Bytes(32, seed));
  auto verifier = *ledger::VerifierKey::make(name, ledger::KeyType::ed25519, key.public_key());
  return {std::move(verifier), std::move(key)};
}

inline ledger::SigningKey witness_key(std::uint8_t seed, std::string_view name) {
  auto key = *crypto::Ed25519Key::from_seed(Bytes(32, seed));
  auto verifier = *ledger::VerifierKey::make(name, ledger::KeyType::cosignature, key.public_key());
  return {std::move(verifier), std::move(key)};
}

}  // namespace countersign::testing
