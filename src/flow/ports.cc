#include "flow/ports.h"

namespace countersign::flow {

std::string attempt_key(const AttemptId& attempt) { return "attempt/" + attempt.text(); }
std::string phone_key(const PhoneId& phone) { return "phone/" + phone.text(); }

}  // namespace countersign::flow
