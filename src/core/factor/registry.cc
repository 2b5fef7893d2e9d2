// The list of factors, in the order in which a typed code is tried.
#include <array>

#include "core/factor/bypass.h"
#include "core/factor/factor.h"
#include "core/factor/hotp.h"
#include "core/factor/push.h"
#include "core/factor/totp.h"
#include "core/factor/webauthn.h"

namespace countersign::factor {
namespace {

constexpr std::array<const Kind*, 6> kKinds = {
    &totp::kKind,
    &hotp::kKind,
    &bypass::kKind,
    &push::kKind,
    &webauthn::kPlatformKind,
    &webauthn::kRoamingKind,
};

}  // namespace

std::span<const Kind* const> kinds() { return kKinds; }

const Kind* kind(std::string_view name) {
  for (const Kind* kind : kKinds) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

}  // namespace countersign::factor
