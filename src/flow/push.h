// A push: begun by the sign-in, answered on the phone, asked for by the poll.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/factor/push.h"
#include "flow/sign_in.h"

namespace countersign::flow {

// What the person who signs in is shown while the push waits.
enum class Screen {
  number,   // the client shows the number, or prints the status texts of its polls
  perhaps,  // it polls, and nobody knows whether anyone sees the texts: plain where policy allows that
  nothing,  // it holds the request: plain where policy allows that, else denied
};

// Whether this user has signed in successfully from where the request comes from. Nothing reaches a phone that nobody
// there has started: without that, the request waits until its owner opens the authenticator (security §4.2.2).
enum class Source {
  known,
  unknown,
  by_host,  // no browser is involved: decided by the application and the address it gives
};

struct PushRequest {
  Application app;
  UserRef user;
  record::AccessDevice access;
  std::string device = "auto";  // a phone's id, or "auto": the first that can
  Screen screen = Screen::number;
  AttemptId prepared;  // from preauth with Verified Push; empty: a new attempt
  std::string type;
  std::string display_username;
  std::vector<std::pair<std::string, std::string>> pushinfo;
  std::optional<VisitStep> visit;  // the prompt that shows the number
  Source source = Source::by_host;
};

// Begins to wait for the phone; the Standing is open, or final when the answer is known at once (bypass, locked out,
// plain push refused by policy).   refused: no capable device, or the prepared attempt is not this user's;
// exhausted: another request of this user, from elsewhere, is still open.
// A request of the same application and address takes the place of the open one, which ends as cancelled.
void begin_push(const Ports& ports, PushRequest request, Done<Standing> done);

// More time for a request that waits, at most signin::kExtensionsMax times.   conflict: it waits no more, or has had
// it.
void extend_push(const Ports& ports, const TenantId& tenant, const AttemptId& id, Done<Standing> done);
// Whoever started the request goes another way.   conflict: it waits no more.
void cancel_push(const Ports& ports, const TenantId& tenant, const AttemptId& id, Done<Standing> done);

// How an attempt of this application stands. An attempt whose time is over is ended and logged first.
// not_found: no such attempt of this application.
void attempt_standing(const Ports& ports, const Application& app, const AttemptId& id, Done<Standing> done);

// A request as the phone sees it; never the number.
struct PendingRequest {
  AttemptId id;
  std::string application;
  std::string type;  // "Login" or what the client gave
  std::string username;
  std::string address;
  std::string browser, os;  // as it calls itself; empty: no browser, or it does not say
  std::vector<std::pair<std::string, std::string>> pushinfo;
  int digits = 0;  // how many the phone must ask for; 0: plain push, allowed by policy
  Instant created{}, expires{};
};
Result<std::vector<PendingRequest>> pending_requests(const Ports& ports, const Phone& phone);

struct Answer {
  Phone phone;  // authenticated by its face
  AttemptId attempt;
  factor::push::Decision decision = factor::push::Decision::deny;
  std::string number;   // as typed
  std::string address;  // the phone's, for the log
  Bytes signature;      // over factor::push::answer_message
};
// Applies the phone's answer once. The Standing says how the attempt ended (a wrong number: denied, user_mistake).
// refused: the signature is not this phone's, or it was answered already;  not_found: no such request for this phone.
void answer_push(const Ports& ports, Answer answer, Done<Standing> done);

// Ends and logs what nobody polls; called every second by the server. Returns how many.
void expire_attempts(const Ports& ports, Done<int> done);

}  // namespace countersign::flow
