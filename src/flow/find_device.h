// Who is calling? An authenticator proves itself by the key it was activated with (docs/protocols/device.md).
#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/identity/enrolment.h"
#include "flow/ports.h"

namespace countersign::flow {

struct DeviceCall {
  PhoneId device;            // as it names itself
  std::string message;       // what it signed
  Bytes signature;           // ES256, 64 bytes
};

// The phone whose activated key signed the message.
// refused: unknown, not activated, or another key's signature; one and the same, after the same work.
// A call that waits asks again each time it looks: the phone may have been bound to another key meanwhile.
Result<Phone> find_device(const Ports& ports, const DeviceCall& call);

// What a device may know about the account it belongs to.
struct DeviceAccount {
  std::string tenant_name;
  std::string username;
};
// not_found: the user or the tenant is gone.
Result<DeviceAccount> device_account(const Ports& ports, const Phone& phone);

}  // namespace countersign::flow
