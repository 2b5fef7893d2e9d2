// Push with number matching: an ES256 key on the phone signs (request, number typed, decision). State: its public key.
#pragma once

#include <string>
#include <string_view>

#include "core/factor/factor.h"

namespace countersign::factor::push {

// The first state.   malformed: not an uncompressed P-256 point (65 bytes) on the curve.
Result<Bytes> enrol(ByteView public_key);

enum class Decision { approve, deny, fraud };
std::string_view name(Decision decision);
Result<Decision> decision(std::string_view name);

// What the phone signs for an answer (docs/protocols/device.md): fields with their lengths, so that none can flow
// into the next.
std::string answer_message(std::string_view request_id, std::string_view number, Decision decision);

// Checks an ES256 signature (64 bytes, r‖s) of the enrolled device over `message`.   refused: it is not the device's.
Result<void> verify_signature(ByteView state, std::string_view message, ByteView signature);

extern const Kind kKind;

}  // namespace countersign::factor::push
