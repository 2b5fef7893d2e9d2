#include "flow/ports.h"

namespace countersign::flow {

std::string attempt_key(const AttemptId& attempt) { return "attempt/" + attempt.text(); }
std::string phone_key(const PhoneId& phone) { return "phone/" + phone.text(); }

void count_sign_in(const Ports& ports, std::string_view result) {
  if (!ports.counts) return;
  if (result == "success") ++ports.counts->success;
  if (result == "denied") ++ports.counts->denied;
  if (result == "fraud") ++ports.counts->fraud;
}

}  // namespace countersign::flow
