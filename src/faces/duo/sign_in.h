// Signing in, the same for both generations of the API: a code is checked, a push is begun and waited for.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/secret.h"
#include "faces/duo/call.h"

namespace countersign::duo {

inline constexpr seconds kPollMax{8};       // duo-api §9: the shortest patience among the clients is ten seconds
inline constexpr seconds kPushSlack{5};     // how long after its end a push held by a request is given up
inline constexpr int kPhonesMax = 99;       // "push99" is the last that a prompt can name

enum class Method {
  push,
  passcode,
  carried,   // a text message or a phone call
};

// What somebody typed at a prompt, or a client put there for them: "push1", "verified_push1", "phone1", "sms1", or a
// passcode. `number` is 0 where none is given.
struct Choice {
  Method method = Method::passcode;
  int number = 0;
};
Choice choice_of(std::string_view typed);

enum class Pace {
  sync,    // the request is held until the end
  async,   // answered with a txid, to be polled
};

struct SignIn {
  Method method = Method::passcode;
  Pace pace = Pace::sync;
  flow::UserRef user;
  record::AccessDevice access;
  Secret passcode;
  std::string device = "auto";   // a phone's id, or "auto"
  int phone_number = 0;          // in place of `device`: the n-th that can take a push
  AttemptId prepared;
  std::string type;
  std::string display_username;
  std::vector<std::pair<std::string, std::string>> pushinfo;
};

// Reads `type`, `display_username` and `pushinfo`, which come with any push.
void read_push_texts(ParameterReader& in, SignIn& into);

net::Reply sign_in(Call& call, SignIn request);

// How the attempt `txid` stands: at once if it has ended or was not told yet, else after the next change or 8 s.
net::Reply poll(Call& call);

}  // namespace countersign::duo
