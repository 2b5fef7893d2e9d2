// A phone with an authenticator, for tests: it holds a device key and approves, denies, reports, answers twice, and lies
// when told to. It makes values – signed requests, answers for the flow – and touches no network.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/base/random.h"
#include "core/base/time.h"
#include "core/codec/base64.h"
#include "core/codec/json_write.h"
#include "core/crypto/sign.h"
#include "core/factor/push.h"
#include "faces/device/signature.h"
#include "flow/push.h"
#include "net/http.h"

namespace countersign::testing {

// Each lie is a switch; all off: an honest phone.
struct PhoneFaults {
  milliseconds clock_ahead{0};          // negative: behind
  bool signs_another_number = false;    // the number posted is not the one under the signature
  bool signs_another_decision = false;  // likewise
  bool signs_another_request = false;   // likewise
  bool spoils_the_header = false;       // one bit of the request's signature is wrong
};

class FakePhone {
  crypto::Es256Key key_;
  PhoneId id_;
  std::string host_;

  static std::string url64(ByteView bytes) { return codec::to_base64(codec::Base64::url, bytes); }

 public:
  PhoneFaults faults;

  FakePhone(Random& random, std::string host) : key_(crypto::Es256Key::generate(random)), host_(std::move(host)) {}

  Bytes public_key() const { return key_.public_key().point(); }
  const PhoneId& id() const { return id_; }
  // What the server called it when it was activated.
  void named(PhoneId id) { id_ = std::move(id); }
  Bytes sign(std::string_view message) const { return key_.sign(bytes_of(message)); }

  // --- requests of the device protocol ---

  net::HttpRequest activation(std::string_view code, Instant now) const {
    codec::JsonWriter w;
    w.begin_object().key("code").string(code).key("public_key").string(url64(public_key()));
    w.key("platform").string("Test Phone").end_object();
    return plain("POST", "/device/v1/activate", "", w.take(), now);
  }

  // Any call, signed.
  net::HttpRequest call(std::string method, std::string path, std::string query, std::string body, Instant now) const {
    net::HttpRequest request = plain(std::move(method), std::move(path), std::move(query), std::move(body), now);
    device::Authorization authorization;
    authorization.device = id_;
    authorization.ts = std::to_string(unix_s(now + faults.clock_ahead));
    authorization.signature = sign(device::request_message(
        {request.method, request.host, request.path, request.query, authorization.ts, request.body}));
    if (faults.spoils_the_header) authorization.signature.back() ^= 1;
    request.headers.push_back({"authorization", device::write_authorization(authorization)});
    return request;
  }
  net::HttpRequest pending(int wait_s, Instant now) const {
    return call("GET", "/device/v1/requests", "wait=" + std::to_string(wait_s), "", now);
  }
  net::HttpRequest events(Instant now) const { return call("GET", "/device/v1/events", "", "", now); }
  net::HttpRequest account(Instant now) const { return call("GET", "/device/v1/account", "", "", now); }

  net::HttpRequest approve(std::string_view request, std::string_view number, Instant now) const {
    return answer(request, number, factor::push::Decision::approve, now);
  }
  net::HttpRequest deny(std::string_view request, Instant now) const {
    return answer(request, "", factor::push::Decision::deny, now);
  }
  net::HttpRequest report_fraud(std::string_view request, Instant now) const {
    return answer(request, "", factor::push::Decision::fraud, now);
  }

  // --- the same below the face ---

  flow::Answer flow_answer(const Phone& phone, const AttemptId& attempt, std::string number,
                           factor::push::Decision decision) const {
    flow::Answer out;
    out.phone = phone;
    out.attempt = attempt;
    out.decision = decision;
    out.signature = answer_signature(attempt.text(), number, decision);
    out.number = std::move(number);
    return out;
  }

 private:
  net::HttpRequest plain(std::string method, std::string path, std::string query, std::string body, Instant now) const {
    net::HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.query = std::move(query);
    request.host = host_;
    request.headers = {{"host", host_}};
    request.body = std::move(body);
    request.peer = "192.0.2.200";
    request.received = now;
    return request;
  }

  Bytes answer_signature(std::string_view request, std::string_view number, factor::push::Decision decision) const {
    using factor::push::Decision;
    const Decision other = decision == Decision::approve ? Decision::deny : Decision::approve;
    return sign(factor::push::answer_message(faults.signs_another_request ? "another" : request,
                                             faults.signs_another_number ? "000000" : number,
                                             faults.signs_another_decision ? other : decision));
  }

  net::HttpRequest answer(std::string_view request, std::string_view number, factor::push::Decision decision,
                          Instant now) const {
    codec::JsonWriter w;
    w.begin_object().key("decision").string(factor::push::name(decision)).key("number").string(number);
    w.key("signature").string(url64(answer_signature(request, number, decision))).end_object();
    return call("POST", "/device/v1/requests/" + std::string(request) + "/answer", "", w.take(), now);
  }
};

}  // namespace countersign::testing
