// Bytes that held a secret are overwritten, also where a compiler sees that nobody reads them again.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/bytes.h"
#include "core/base/secret.h"

namespace countersign::crypto {

void wipe(std::span<std::uint8_t> bytes);

// Takes the bytes over into a Secret and wipes what held them.
Secret into_secret(Bytes&& bytes);

}  // namespace countersign::crypto
