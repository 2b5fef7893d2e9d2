#include "faces/duo/call.h"

#include <fmt/format.h>

#include "core/identity/user.h"

namespace countersign::duo {

bool Reported::first(const AttemptId& attempt) {
  const std::lock_guard lock(mutex_);
  if (!known_.insert(attempt).second) return false;
  order_.push_back(attempt);
  if (order_.size() > kReportedMax) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

flow::UserRef read_user(ParameterReader& in, std::string_view id_name, std::string_view name_name) {
  std::string id = id_name.empty() ? std::string() : in.text(id_name, kTextMax);
  std::string name = in.text(name_name, kUsernameMax);
  if (id.empty() && name.empty()) {
    in.fail(Code::missing_parameters,
            id_name.empty() ? std::string(name_name) : fmt::format("{} or {}", id_name, name_name));
  } else if (!id.empty() && !name.empty()) {
    in.fail(Code::invalid_parameters, fmt::format("{} or {} (not both)", id_name, name_name));
  }
  if (id.empty()) return name;
  const Result<UserId> user = UserId::parse(id);
  if (user) return *user;
  in.fail(Code::invalid_parameters, std::string(id_name));
  return name;
}

record::AccessDevice read_access(ParameterReader& in) {
  record::AccessDevice out;
  out.ip = in.text("ipaddr", kTextMax);
  out.hostname = in.text("hostname", kTextMax);
  return out;
}

}  // namespace countersign::duo
