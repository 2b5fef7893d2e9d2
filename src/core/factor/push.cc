// State, version 1: version u8 = 1 | uncompressed P-256 point 65 bytes. Nothing after it.
#include "core/factor/push.h"

#include "core/crypto/sign.h"
#include "core/factor/state.h"

namespace countersign::factor::push {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kPointSize = crypto::kP256PointSize;

// Says what is signed, so that no other signature by the device's key can be taken for an answer.
constexpr std::string_view kPurpose = "countersign device answer v1";

Result<crypto::Es256PublicKey> device_key(ByteView state) {
  StateReader reader(state);
  const auto version = reader.number<std::uint8_t>();
  const ByteView point = reader.take(kPointSize);
  if (!reader.whole() || version != kVersion) return broken_state();
  return crypto::Es256PublicKey::from_point(point);
}

}  // namespace

std::string_view name(Decision decision) {
  switch (decision) {
    case Decision::approve: return "approve";
    case Decision::deny: return "deny";
    case Decision::fraud: return "fraud";
  }
  std::abort();
}

Result<Decision> decision(std::string_view text) {
  for (const Decision d : {Decision::approve, Decision::deny, Decision::fraud}) {
    if (name(d) == text) return d;
  }
  return Error{Errc::malformed, "a decision is approve, deny or fraud"};
}

// docs/protocols/device.md, "answer message".
std::string answer_message(std::string_view request_id, std::string_view number, Decision decision) {
  std::string message;
  for (const std::string_view field : {kPurpose, request_id, number, name(decision)}) {
    message.push_back(static_cast<char>(field.size() >> 8 & 0xff));
    message.push_back(static_cast<char>(field.size() & 0xff));
    message += field;
  }
  return message;
}

Result<Bytes> enrol(ByteView public_key) {
  TRY(crypto::Es256PublicKey::from_point(public_key));
  Bytes state = {kVersion};
  append(state, public_key);
  return state;
}

Result<void> verify_signature(ByteView state, std::string_view message, ByteView signature) {
  const crypto::Es256PublicKey key = TRY(device_key(state));
  if (!key.verify(bytes_of(message), signature)) return Error{Errc::refused, "the signature is not this device's"};
  return {};
}

const Kind kKind = {"push", "hwk", "duo-push", Strength::possession, nullptr};

}  // namespace countersign::factor::push
