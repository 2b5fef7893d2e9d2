// May this user sign in, and with what? The first call of every client (duo-api §3.1).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flow/sign_in.h"

namespace countersign::flow {

enum class PreauthResult { allow, auth, deny, enroll };
enum class VerifiedPush { unsupported, supported };  // whether the client can show a number itself

// A device the user can choose, as clients list it.
struct Device {
  std::string id;
  bool token = false;                      // else a phone
  std::string masked;                      // "XXX-XXX-0100" or empty
  std::string name;
  std::vector<std::string> capabilities;   // "auto", "push", "mobile_otp"
};

struct PreauthRequest {
  Application app;
  UserRef user;
  record::AccessDevice access;
  Secret remember_token;
  VerifiedPush verified_push = VerifiedPush::unsupported;
};

struct Preauth {
  PreauthResult result = PreauthResult::deny;
  std::string reason;                      // of an allow or a deny
  std::vector<Device> devices;             // phones first, oldest first
  AttemptId prepared;                      // with Verified Push: the attempt that `auth` will start
  std::string number;                      // and the number to show
  int seconds_left = 0;
  std::string enroll_portal_url;           // of an enroll
};

// allow and deny are final and logged before `done` hears of them; auth only reads.
void preauth(const Ports& ports, PreauthRequest request, Done<Preauth> done);

}  // namespace countersign::flow
