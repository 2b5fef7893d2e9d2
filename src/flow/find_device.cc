#include "flow/find_device.h"

#include <optional>
#include <utility>

#include "core/factor/push.h"
#include "store/tenants.h"
#include "store/users.h"

namespace countersign::flow {
namespace {

struct Bound {
  Phone phone;
  Enrolment push;
};

// nullopt: no such device, or nothing is bound to it.
Result<std::optional<Bound>> look_up_device(store::Txn& txn, const PhoneId& id) {
  std::optional<Phone> phone = TRY(store::phone_of_device(txn, id));
  if (!phone || !phone->activated) return std::optional<Bound>();
  std::optional<Enrolment> push =
      TRY(store::enrolment_of_phone(txn, phone->tenant, phone->id, factor::push::kKind.name));
  if (!push) return std::optional<Bound>();
  return std::optional<Bound>(Bound{std::move(*phone), std::move(*push)});
}

// A key that signs for nobody: P-256's base point, whose private key is 1 and known to all.
constexpr std::uint8_t kNobody[] = {
    0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
    0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
    0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

// Spends what a check costs, so that an unknown device is refused no faster; its outcome means nothing.
void check_for_nobody(const DeviceCall& call) {
  const Result<Bytes> state = factor::push::enrol(kNobody);
  if (state) static_cast<void>(factor::push::verify_signature(*state, call.message, call.signature).has_value());
}

Error not_a_device() { return Error{Errc::refused, "not signed by a device that is bound here"}; }

}  // namespace

Result<Phone> find_device(const Ports& ports, const DeviceCall& call) {
  std::optional<Bound> bound =
      TRY(store::read(ports.store, [&](store::Txn& txn) { return look_up_device(txn, call.device); }));
  if (!bound) {
    check_for_nobody(call);
    return not_a_device();
  }
  if (!TRY(ports.keys.verify_device_signature(bound->push, call.message, call.signature))) return not_a_device();
  return std::move(bound->phone);
}

Result<DeviceAccount> device_account(const Ports& ports, const Phone& phone) {
  return store::read(ports.store, [&](store::Txn& txn) -> Result<DeviceAccount> {
    const std::optional<User> user = TRY(store::user_by_id(txn, phone.tenant, phone.user));
    const std::optional<Tenant> tenant = TRY(store::tenant_by_id(txn, phone.tenant));
    if (!user || !tenant) return Error{Errc::not_found, "the account of this device is gone"};
    return DeviceAccount{tenant->name, user->username};
  });
}

}  // namespace countersign::flow
