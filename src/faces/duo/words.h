// What an outcome is called at Duo: result, status and a sentence for the person (duo-api §3.3). Scripts look for some
// of these sentences, so they are part of the contract.
#pragma once

#include <string>
#include <string_view>

#include "flow/preauth.h"
#include "flow/push.h"

namespace countersign::duo {

struct Words {
  std::string_view result;   // allow, deny, waiting
  std::string_view status;   // allow, bypass, deny, fraud, locked_out, pushed, timeout, waiting
  std::string sentence;
};

Words words_of(const flow::Standing& standing);

// Of a sign-in refused because no number can be shown and policy wants one.
Words cannot_show_number();
// Of a factor that nothing here can carry.
Words no_such_carrier();
// While another sign-in of the same user waits.
Words busy();

// The status_msg of a preauth; of an enroll with the address to go to.
std::string sentence_of(const flow::Preauth& preauth);

}  // namespace countersign::duo
