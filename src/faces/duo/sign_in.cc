#include "faces/duo/sign_in.h"

#include <algorithm>
#include <charconv>

#include "core/codec/form.h"
#include "flow/check_passcode.h"
#include "flow/push.h"
#include "flow/push_phones.h"

namespace countersign::duo {
namespace {

// An attempt that a request waits for.
struct Watch {
  const flow::Ports& ports;
  Application app;
  AttemptId attempt;
  Dialect dialect;
  Pace pace = Pace::async;
  Instant until{};
};
using WatchPtr = std::shared_ptr<const Watch>;  // shared by the closures of one request, one after the other

net::Reply look(const WatchPtr& watch);

net::HttpResponse outcome_of(const Dialect& dialect, const flow::Standing& standing) {
  return dialect.outcome(words_of(standing), standing.remember_token);
}

// Waits for the next change, but not beyond the attempt's own end.
net::Reply wait_on(const WatchPtr& watch, const flow::Standing& standing, Instant now) {
  const Instant end = now + seconds(std::max(standing.seconds_left, 1));
  net::Wait wait{flow::attempt_key(watch->attempt), std::min(watch->until, end), [watch] { return look(watch); }};
  if (watch->pace == Pace::async) {
    wait.over = [watch] {
      auto last = std::make_shared<Watch>(*watch);
      last->until = Instant();
      return look(last);
    };
  }
  return wait;
}

net::Reply judge(const WatchPtr& watch, const Result<flow::Standing>& standing) {
  if (!standing) return watch->dialect.failed(failure_of(standing.error()));
  if (signin::final(standing->state)) return outcome_of(watch->dialect, *standing);
  const Instant now = watch->ports.clock.now();
  if (now < watch->until) return wait_on(watch, *standing, now);
  if (watch->pace == Pace::async) return outcome_of(watch->dialect, *standing);
  flow::Standing given_up;
  given_up.state = signin::State::timed_out;
  return outcome_of(watch->dialect, given_up);
}

net::Reply look(const WatchPtr& watch) {
  return net::Committing{[watch](std::function<void(net::Reply)> done) {
    flow::attempt_standing(watch->ports, watch->app, watch->attempt,
                           [watch, done = std::move(done)](const Result<flow::Standing>& standing) {
                             done(judge(watch, standing));
                           });
  }};
}

// A sign-in of this user is open somewhere else: a push that nobody asked for must not reach the phone.
net::HttpResponse busy_answer(const Dialect& dialect, Pace pace) {
  if (pace == Pace::sync) return dialect.outcome(busy(), {});
  return dialect.failed({Code::too_many_requests, busy().sentence, 10});
}

net::Reply check_code(Call& call, SignIn request) {
  flow::PasscodeRequest check;
  check.app = std::move(call.app);
  check.user = std::move(request.user);
  check.access = std::move(request.access);
  check.passcode = std::move(request.passcode);
  check.keep = request.pace == Pace::async ? flow::Keep::yes : flow::Keep::no;
  const Dialect dialect = call.dialect;
  const Pace pace = request.pace;
  return commit<flow::PasscodeRequest, flow::Standing>(
      flow::check_passcode, call.ports, std::move(check),
      [dialect, pace](const Result<flow::Standing>& standing) -> net::Reply {
        if (!standing) return dialect.failed(failure_of(standing.error()));
        if (pace == Pace::async) return dialect.started(standing->attempt);
        return outcome_of(dialect, *standing);
      });
}

net::Reply push_begun(const WatchPtr& watch, bool shown, const Result<flow::Standing>& standing) {
  const Dialect& dialect = watch->dialect;
  if (!standing && standing.error().code == Errc::exhausted) return busy_answer(dialect, watch->pace);
  if (!standing) return dialect.failed(failure_of(standing.error()));
  if (watch->pace == Pace::async) return dialect.started(standing->attempt);
  if (!shown && standing->reason == "denied_by_policy") return dialect.outcome(cannot_show_number(), {});
  if (signin::final(standing->state)) return outcome_of(dialect, *standing);
  auto begun = std::make_shared<Watch>(*watch);
  begun->attempt = standing->attempt;
  return wait_on(begun, *standing, watch->ports.clock.now());
}

// Those who poll by /rest/v1 print the texts (login_duo, pam_duo 1.x and 2.0); of /auth/v2 nobody knows.
flow::Screen screen_of(Pace pace, Api api) {
  if (pace == Pace::sync) return flow::Screen::nothing;
  return api == Api::rest_v1 ? flow::Screen::number : flow::Screen::perhaps;
}

net::Reply push(Call& call, SignIn request) {
  flow::PushRequest begin;
  begin.app = call.app;
  begin.user = std::move(request.user);
  begin.access = std::move(request.access);
  begin.device = std::move(request.device);
  begin.prepared = std::move(request.prepared);
  begin.screen = screen_of(request.pace, call.dialect.api);
  begin.type = std::move(request.type);
  begin.display_username = std::move(request.display_username);
  begin.pushinfo = std::move(request.pushinfo);
  const bool shown = request.pace == Pace::async || !begin.prepared.empty();
  const Instant until = call.ports.clock.now() + call.ports.settings.push_lifetime + kPushSlack;
  auto watch = std::make_shared<const Watch>(
      Watch{call.ports, std::move(call.app), AttemptId(), call.dialect, request.pace, until});
  return commit<flow::PushRequest, flow::Standing>(
      flow::begin_push, call.ports, std::move(begin),
      [watch, shown](const Result<flow::Standing>& standing) { return push_begun(watch, shown, standing); });
}

// Turns "the n-th phone" into its id; the failure when there is none.
std::optional<Failure> find_phone(const Call& call, SignIn& request) {
  if (request.phone_number == 0) return std::nullopt;
  const auto phones = flow::push_phones(call.ports, call.app, request.user, request.access);
  if (!phones) return failure_of(phones.error());
  const auto index = static_cast<std::size_t>(request.phone_number - 1);
  // Without any, the flow itself says why: locked out, not enrolled, or nothing that takes a push.
  if (!phones->empty() && index >= phones->size()) return Failure{Code::invalid_parameters, "no capable device"};
  if (!phones->empty()) request.device = (*phones)[index].text();
  return std::nullopt;
}

}  // namespace

Choice choice_of(std::string_view typed) {
  const std::pair<std::string_view, Method> kinds[] = {{"verified_push", Method::push},
                                                       {"push", Method::push},
                                                       {"phone", Method::carried},
                                                       {"sms", Method::carried}};
  for (const auto& [word, method] : kinds) {
    if (!typed.starts_with(word)) continue;
    const std::string_view digits = typed.substr(word.size());
    if (digits.empty()) return {method, 0};
    int number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    if (whole && number >= 1 && number <= kPhonesMax) return {method, number};
  }
  return {};
}

void read_push_texts(ParameterReader& in, SignIn& into) {
  into.type = in.text("type", kTextMax);
  into.display_username = in.text("display_username", kTextMax);
  const std::string pushinfo = in.raw("pushinfo", kPushinfoMax);
  Result<codec::Form> pairs = codec::parse_form(pushinfo);
  if (pairs) {
    into.pushinfo = *std::move(pairs);
  } else {
    in.fail(Code::invalid_parameters, "pushinfo (must be at most 200 URL-encoded key=value pairs)");
  }
}

net::Reply sign_in(Call& call, SignIn request) {
  switch (request.method) {
    case Method::passcode: return check_code(call, std::move(request));
    case Method::carried:
      if (call.dialect.api == Api::rest_v1 && request.pace == Pace::sync) {
        return call.dialect.outcome(no_such_carrier(), {});
      }
      return call.dialect.failed({Code::invalid_parameters, "no capable device"});
    case Method::push:
      if (auto failure = find_phone(call, request)) return call.dialect.failed(*failure);
      return push(call, std::move(request));
  }
  std::abort();
}

net::Reply poll(Call& call) {
  ParameterReader in(call.parameters);
  const std::string txid = in.need("txid", kTextMax);
  const Result<AttemptId> attempt = AttemptId::parse(txid);
  if (!attempt) in.fail(Code::invalid_parameters, "txid");
  if (in.failure()) return call.dialect.failed(*in.failure());
  const Instant now = call.ports.clock.now();
  const Instant until = call.reported.first(*attempt) ? now : now + kPollMax;
  return look(std::make_shared<const Watch>(
      Watch{call.ports, std::move(call.app), *attempt, call.dialect, Pace::async, until}));
}

}  // namespace countersign::duo
