#include "faces/duo/auth_v2.h"

#include "core/codec/json_write.h"
#include "core/codec/percent.h"
#include "faces/duo/prompt.h"
#include "faces/duo/sign_in.h"
#include "flow/enrol.h"
#include "flow/find_app.h"
#include "flow/preauth.h"
#include "flow/replace_bypass.h"

namespace countersign::duo::auth_v2 {
namespace {

// The activation code as clients show it; what stands behind it is the code itself (duo-api §3).
constexpr std::string_view kCodeScheme = "duo://";
constexpr std::int64_t kEnrolSecondsMax = 30 * 86400;
constexpr std::int64_t kBypassSecondsMax = 10 * 365 * 86400LL;
constexpr int kBypassCodesMax = 10;  // duo-api §5.1

void write_strings(codec::JsonWriter& to, const std::vector<std::string>& texts) {
  to.begin_array();
  for (const std::string& text : texts) to.string(text);
  to.end_array();
}

void write_device(codec::JsonWriter& to, const flow::Device& device) {
  to.begin_object().key("device").string(device.id).key("type").string(device.token ? "token" : "phone");
  if (!device.token) to.key("number").string(device.masked);
  to.key("name").string(device.name).key("display_name").string(label_of(device));
  if (!device.token) {
    to.key("capabilities");
    write_strings(to, device.capabilities);
  }
  to.end_object();
}

std::string_view result_of(flow::PreauthResult result) {
  switch (result) {
    case flow::PreauthResult::allow: return "allow";
    case flow::PreauthResult::auth: return "auth";
    case flow::PreauthResult::deny: return "deny";
    case flow::PreauthResult::enroll: return "enroll";
  }
  return {};
}

// `username` and whether the client wants a menu.
struct TextPrompt {
  bool wanted = false;
  std::string username;
};

std::string preauth_json(const flow::Preauth& preauth, const TextPrompt& text_prompt) {
  codec::JsonWriter out;
  out.begin_object().key("result").string(result_of(preauth.result));
  out.key("status_msg").string(sentence_of(preauth));
  switch (preauth.result) {
    case flow::PreauthResult::allow:
    case flow::PreauthResult::deny: break;
    case flow::PreauthResult::enroll:
      out.key("enroll_portal_url").string(preauth.enroll_portal_url);
      if (text_prompt.wanted) {
        out.key("prompt").begin_object().key("text").string(sentence_of(preauth)).end_object();
      }
      break;
    case flow::PreauthResult::auth: {
      out.key("devices").begin_array();
      for (const flow::Device& device : preauth.devices) write_device(out, device);
      out.end_array();
      const bool verified = !preauth.prepared.empty();
      if (verified) {
        out.key("txid").string(preauth.prepared.text()).key("verification_code").string(preauth.number);
        out.key("expiration").integer(preauth.seconds_left);
      }
      if (text_prompt.wanted) {
        const Prompt prompt = prompt_of(text_prompt.username, preauth.devices, verified ? "verified_push" : "push");
        out.key("prompt").begin_object().key("text").string(prompt.text).key("factors");
        out.raw(to_json(prompt.factors)).end_object();
      }
      break;
    }
  }
  out.end_object();
  return out.take();
}

std::string enrolled_json(const flow::Enrolled& enrolled, std::string_view public_url) {
  codec::JsonWriter out;
  out.begin_object();
  out.key("activation_barcode");
  out.string(std::string(public_url) + "/frame/qr?value=" + codec::percent_encode(enrolled.activation_url));
  out.key("activation_code").string(std::string(kCodeScheme) + enrolled.activation_code);
  out.key("activation_url").string(enrolled.activation_url);
  out.key("expiration").integer(unix_s(enrolled.expires));
  out.key("user_id").string(enrolled.user.text()).key("username").string(enrolled.username);
  if (!enrolled.bypass_codes.empty()) {
    out.key("bypass_codes");
    write_strings(out, enrolled.bypass_codes);
  }
  out.end_object();
  return out.take();
}

// What `factor` asks for; the parameters that go with it are read into `request`.
void read_factor(ParameterReader& in, SignIn& request) {
  const std::string factor = in.need("factor", kTextMax);
  const std::string txid = in.text("txid", kTextMax);
  if (!txid.empty()) {
    Result<AttemptId> prepared = AttemptId::parse(txid);
    if (prepared) request.prepared = *std::move(prepared);
    if (!prepared) in.fail(Code::invalid_parameters, "txid");
  }
  if (factor == "passcode") {
    request.method = Method::passcode;
    request.passcode = in.secret("passcode", kPasscodeMax);
  } else if (factor == "push" || factor == "auto") {
    request.method = Method::push;
    const bool known = !request.prepared.empty() && !in.has("device");
    if (!known) request.device = in.need("device", kTextMax);
  } else if (factor == "phone" || factor == "sms") {
    request.method = Method::carried;
    static_cast<void>(in.need("device", kTextMax));
  } else if (factor == "prompt") {
    request.passcode = in.secret("prompt", kPasscodeMax);
    const Choice choice = choice_of(request.passcode.reveal());
    request.method = choice.method;
    request.phone_number = choice.number;
  } else if (!factor.empty()) {
    in.fail(Code::invalid_parameters, "factor (must be auto, push, passcode, prompt, phone or sms)");
  }
}

}  // namespace

net::Reply time(Call& call) {
  codec::JsonWriter out;
  out.begin_object().key("time").integer(unix_s(call.ports.clock.now())).end_object();
  return ok(out.text());
}

net::Reply logo(Call& call) {
  Result<Bytes> png = flow::tenant_logo(call.ports, call.app.tenant);
  if (!png) return call.dialect.failed(failure_of(png.error()));
  if (png->empty()) return call.dialect.failed({Code::not_found, "This account has no logo."});
  net::HttpResponse out;
  out.content_type = "image/png";
  out.body = text_of(*png);
  return out;
}

net::Reply preauth(Call& call) {
  ParameterReader in(call.parameters);
  flow::PreauthRequest request;
  request.user = read_user(in, "user_id", "username");
  request.access = read_access(in);
  request.remember_token = Secret(in.raw("trusted_device_token", kTokenMax));
  const bool verified = in.flag("client_supports_verified_push");
  request.verified_push = verified ? flow::VerifiedPush::supported : flow::VerifiedPush::unsupported;
  TextPrompt text_prompt;
  text_prompt.wanted = in.flag("text_prompt");
  if (in.failure()) return call.dialect.failed(*in.failure());
  const auto* name = std::get_if<std::string>(&request.user);
  if (text_prompt.wanted && name) text_prompt.username = *name;
  request.app = std::move(call.app);
  const Dialect dialect = call.dialect;
  return commit<flow::PreauthRequest, flow::Preauth>(
      flow::preauth, call.ports, std::move(request),
      [dialect, text_prompt](const Result<flow::Preauth>& preauth) -> net::Reply {
        if (!preauth) return dialect.failed(failure_of(preauth.error()));
        return ok(preauth_json(*preauth, text_prompt));
      });
}

net::Reply auth(Call& call) {
  ParameterReader in(call.parameters);
  SignIn request;
  request.user = read_user(in, "user_id", "username");
  request.access = read_access(in);
  request.pace = in.flag("async") ? Pace::async : Pace::sync;
  read_factor(in, request);
  if (request.method == Method::push) read_push_texts(in, request);
  if (in.failure()) return call.dialect.failed(*in.failure());
  return sign_in(call, std::move(request));
}

net::Reply enroll(Call& call) {
  ParameterReader in(call.parameters);
  flow::EnrolRequest request;
  request.username = in.text("username", kUsernameMax);
  const std::int64_t usual = call.ports.settings.activation_lifetime.count();
  request.valid = seconds(in.integer("valid_secs", 1, kEnrolSecondsMax, usual));
  request.bypass_codes = static_cast<int>(in.integer("bypass_codes", 0, kBypassCodesMax, 0));
  if (in.failure()) return call.dialect.failed(*in.failure());
  request.app = std::move(call.app);
  const Dialect dialect = call.dialect;
  const flow::Ports& ports = call.ports;
  return commit<flow::EnrolRequest, flow::Enrolled>(
      flow::enrol_user, ports, std::move(request),
      [dialect, &ports](const Result<flow::Enrolled>& enrolled) -> net::Reply {
        if (enrolled) return ok(enrolled_json(*enrolled, ports.settings.public_url));
        Failure failure = failure_of(enrolled.error());
        if (enrolled.error().code == Errc::conflict) failure.detail = "username already exists";
        return dialect.failed(failure);
      });
}

net::Reply enroll_status(Call& call) {
  ParameterReader in(call.parameters);
  const Result<UserId> user = UserId::parse(in.need("user_id", kTextMax));
  if (!user) in.fail(Code::invalid_parameters, "user_id");
  const Secret sent = in.secret("activation_code", kTextMax);
  if (in.failure()) return call.dialect.failed(*in.failure());
  const std::string_view text = sent.reveal();
  const Secret code(text.starts_with(kCodeScheme) ? text.substr(kCodeScheme.size()) : text);
  const Result<flow::EnrolStatus> status = flow::enrol_status(call.ports, call.app.tenant, *user, code);
  if (!status) return call.dialect.failed(failure_of(status.error()));
  switch (*status) {
    case flow::EnrolStatus::success: return ok_text("success", Format::json);
    case flow::EnrolStatus::invalid: return ok_text("invalid", Format::json);
    case flow::EnrolStatus::waiting: return ok_text("waiting", Format::json);
  }
  std::abort();
}

net::Reply bypass_codes(Call& call) {
  ParameterReader in(call.parameters);
  flow::ReplaceBypass request;
  request.user = read_user(in, "user_id", "username");
  request.count = static_cast<int>(in.integer("count", 1, kBypassCodesMax, kBypassCodesMax));
  const std::int64_t valid = in.integer("valid_secs", 0, kBypassSecondsMax, 0);
  if (valid > 0) request.valid = seconds(valid);
  if (in.failure()) return call.dialect.failed(*in.failure());
  request.app = std::move(call.app);
  const Dialect dialect = call.dialect;
  return commit<flow::ReplaceBypass, flow::ReplacedBypass>(
      flow::replace_bypass, call.ports, std::move(request),
      [dialect](const Result<flow::ReplacedBypass>& made) -> net::Reply {
        if (!made) return dialect.failed(failure_of(made.error()));
        codec::JsonWriter out;
        out.begin_object().key("codes");
        write_strings(out, made->codes);
        if (made->expires) out.key("expiration").integer(unix_s(*made->expires));
        if (!made->expires) out.key("expiration").null();
        out.end_object();
        return ok(out.text());
      });
}

}  // namespace countersign::duo::auth_v2
