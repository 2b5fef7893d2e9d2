#include "faces/duo/rest_v1.h"

#include "faces/duo/prompt.h"
#include "faces/duo/sign_in.h"
#include "flow/preauth.h"

namespace countersign::duo::rest_v1 {
namespace {

Document preauth_document(const flow::Preauth& preauth, std::string_view username) {
  Document out;
  switch (preauth.result) {
    case flow::PreauthResult::allow: return out.text("result", "allow").text("status", sentence_of(preauth));
    case flow::PreauthResult::deny: return out.text("result", "deny").text("status", sentence_of(preauth));
    case flow::PreauthResult::enroll: return out.text("result", "enroll").text("status", sentence_of(preauth));
    case flow::PreauthResult::auth: {
      Prompt prompt = prompt_of(username, preauth.devices, "push");
      out.text("result", "auth").text("prompt", std::move(prompt.text));
      return out.document("factors", std::move(prompt.factors));
    }
  }
  return out;
}

// "phone1" names the first phone.
int phone_number(std::string_view phone) {
  const Choice choice = choice_of(phone);
  return choice.method == Method::carried && phone.starts_with("phone") ? choice.number : 0;
}

void read_factor(ParameterReader& in, SignIn& request) {
  const std::string factor = in.need("factor", kTextMax);
  if (factor == "auto") {
    request.passcode = in.secret("auto", kPasscodeMax);
    const Choice choice = choice_of(request.passcode.reveal());
    request.method = choice.method;
    request.phone_number = choice.number;
  } else if (factor == "passcode") {
    request.method = Method::passcode;
    request.passcode = in.secret("code", kPasscodeMax);
  } else if (factor == "push") {
    request.method = Method::push;
    request.phone_number = phone_number(in.text("phone", kTextMax));
  } else if (factor == "phone" || factor == "sms") {
    request.method = Method::carried;
  } else if (!factor.empty()) {
    in.fail(Code::invalid_parameters, "factor (must be auto, push, passcode, phone or sms)");
  }
}

}  // namespace

net::Reply ping(Call& call) { return ok_text("pong", call.dialect.format); }

net::Reply check(Call& call) { return ok_text("valid", call.dialect.format); }

net::Reply preauth(Call& call) {
  ParameterReader in(call.parameters);
  flow::PreauthRequest request;
  request.user = read_user(in, {}, "user");
  request.access = read_access(in);
  if (in.failure()) return call.dialect.failed(*in.failure());
  const std::string username = std::get<std::string>(request.user);
  request.app = std::move(call.app);
  const Dialect dialect = call.dialect;
  return commit<flow::PreauthRequest, flow::Preauth>(
      flow::preauth, call.ports, std::move(request),
      [dialect, username](const Result<flow::Preauth>& preauth) -> net::Reply {
        if (!preauth) return dialect.failed(failure_of(preauth.error()));
        return ok(preauth_document(*preauth, username), dialect.format);
      });
}

net::Reply auth(Call& call) {
  ParameterReader in(call.parameters);
  SignIn request;
  request.user = read_user(in, {}, "user");
  request.access = read_access(in);
  request.pace = in.flag("async") ? Pace::async : Pace::sync;
  read_factor(in, request);
  if (request.method == Method::push) read_push_texts(in, request);
  if (in.failure()) return call.dialect.failed(*in.failure());
  return sign_in(call, std::move(request));
}

}  // namespace countersign::duo::rest_v1
