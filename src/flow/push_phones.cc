#include "flow/push_phones.h"

#include <algorithm>
#include <variant>

#include "core/factor/push.h"

namespace countersign::flow {

Result<std::vector<PhoneId>> push_phones(const Ports& ports, const Application& app, const UserRef& user,
                                         const record::AccessDevice& access) {
  const Situation situation = TRY(store::read(
      ports.store, [&](store::Txn& txn) { return look_up(ports, txn, app, user, access, Secret()); }));
  std::vector<PhoneId> out;
  const auto* require = std::get_if<policy::Require>(&situation.decision);
  if (!require) return out;
  for (const Phone& phone : situation.phones) {
    const bool capable = std::any_of(situation.enrolments.begin(), situation.enrolments.end(), [&](const Enrolment& e) {
      return e.phone == phone.id && e.kind == factor::push::kKind.name &&
             std::find(require->usable.begin(), require->usable.end(), e.id) != require->usable.end();
    });
    if (capable) out.push_back(phone.id);
  }
  return out;
}

}  // namespace countersign::flow
