#include "faces/duo/words.h"

#include <utility>

namespace countersign::duo {
namespace {

struct Denial {
  std::string_view reason;  // duo-api §5.3
  std::string_view status;
  std::string_view sentence;
};

constexpr Denial kDenials[] = {
    {"invalid_passcode", "deny", "Incorrect passcode. Please try again."},
    {"locked_out", "locked_out", "Your account is locked out. Ask your administrator to unlock it."},
    {"user_disabled", "deny", "Your account is disabled. Ask your administrator."},
    {"denied_by_policy", "deny", "Login request denied by policy."},
    {"denied_network", "deny", "Login request denied: signing in from this network is not allowed."},
    {"factor_restricted", "deny", "Login request denied: no factor you have is allowed here. Ask your administrator."},
    {"deny_unenrolled_user", "deny", "You are not enrolled. Ask your administrator to enroll you."},
    {"account_protected", "deny",
     "Your account is protected since a sign-in that was not you: only a passkey works. Ask your administrator."},
    {"anomalous_push", "deny", "Login request denied: your network asks too many people. Use a passcode."},
    {"user_mistake", "deny", "Login request denied: another number was typed than the one shown."},
};

std::string_view allowed_status(std::string_view reason) {
  return reason == "valid_passcode" || reason == "user_approved" ? "allow" : "bypass";
}

Words denied(std::string_view reason) {
  for (const Denial& denial : kDenials) {
    if (denial.reason == reason) return {"deny", denial.status, std::string(denial.sentence)};
  }
  return {"deny", "deny", "Login request denied."};
}

}  // namespace

Words words_of(const flow::Standing& standing) {
  switch (standing.state) {
    case signin::State::prepared: return {"waiting", "waiting", "Waiting for the login request to be sent."};
    case signin::State::open: {
      std::string sentence = "Pushed a login request to your device...";
      if (!standing.number.empty()) sentence += " enter " + standing.number + " in your authenticator.";
      return {"waiting", "pushed", std::move(sentence)};
    }
    case signin::State::allowed:
      return {"allow", allowed_status(standing.reason), "Success. Logging you in..."};
    case signin::State::denied: return denied(standing.reason);
    case signin::State::fraud: return {"deny", "fraud", "Login request reported as fraudulent."};
    case signin::State::timed_out: return {"deny", "timeout", "Login timed out."};
    case signin::State::cancelled: return {"deny", "deny", "Login request replaced by a newer one."};
  }
  return denied({});
}

Words cannot_show_number() {
  return {"deny", "deny",
          "Login request denied: this client cannot show the number to type in the authenticator. Use a passcode, or "
          "ask your administrator to allow plain_push for this application."};
}

Words no_such_carrier() {
  return {"deny", "deny", "Login request denied: text messages and phone calls are not available. Use a passcode."};
}

Words busy() {
  return {"deny", "deny", "Another login request of yours is waiting. Answer it, or try again in a minute."};
}

std::string sentence_of(const flow::Preauth& preauth) {
  switch (preauth.result) {
    case flow::PreauthResult::allow:
    case flow::PreauthResult::auth: return "Account is active";
    case flow::PreauthResult::deny: return denied(preauth.reason).sentence;
    case flow::PreauthResult::enroll: return "Please enroll an authenticator first: " + preauth.enroll_portal_url;
  }
  return {};
}

}  // namespace countersign::duo
