// A small language for tests of the Duo face: requests signed as clients sign them, answers read as clients read them.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/codec/form.h"
#include "core/codec/hex.h"
#include "core/codec/http_date.h"
#include "core/codec/percent.h"
#include "core/crypto/mac.h"
#include "faces/duo/authorization.h"
#include "faces/duo/bson.h"
#include "faces/duo/canonical.h"
#include "faces/duo/routes.h"
#include "testing/phone.h"
#include "testing/small_world.h"

namespace countersign::duo {

struct Ask {
  std::string method = "POST";
  std::string path;
  std::vector<std::pair<std::string, std::string>> parameters;
  SignatureVersion version = SignatureVersion::v2;
  crypto::HashKind hash = crypto::HashKind::sha512;
  std::string host = "localhost";
  milliseconds clock_ahead{0};
  std::string secret_key = testing::SmallWorld::secret_key;

  Ask with(std::string name, std::string value) const {
    Ask out = *this;
    out.parameters.emplace_back(std::move(name), std::move(value));
    return out;
  }
  Ask signed_as(SignatureVersion v, crypto::HashKind h = crypto::HashKind::sha512) const {
    Ask out = *this;
    out.version = v;
    out.hash = h;
    return out;
  }
};

inline Ask post(std::string path) { return {"POST", std::move(path), {}}; }
inline Ask get(std::string path) { return {"GET", std::move(path), {}}; }

// An answer, whatever format it came in.
struct Said {
  net::HttpResponse raw;
  nlohmann::json body;

  int status() const { return raw.status; }
  int code() const { return body.value("code", 0); }
  std::string detail() const { return body.value("message_detail", ""); }
  const nlohmann::json& response() const { return body.at("response"); }
  std::string operator[](const char* key) const {
    if (!body.contains("response") || !body["response"].is_object()) return "(" + raw.body + ")";
    return body["response"].value(key, "(none)");
  }
};

class DuoWorld : public testing::SmallWorld {
 public:
  DuoFace face{*ports, {{"mfa.example.test"}}};
  std::string peer = "192.0.2.1";

  net::HttpRequest sign(const Ask& ask) { return sign(ask, app); }
  net::HttpRequest sign(const Ask& ask, const Application& as) {
    net::HttpRequest out;
    out.method = ask.method;
    out.path = ask.path;
    out.host = ask.host;
    out.peer = peer;
    out.headers.push_back({"host", ask.host});
    const bool json = ask.version == SignatureVersion::v4 || ask.version == SignatureVersion::v5;
    const std::string form = codec::write_form(ask.parameters);
    if (ask.method == "GET") {
      out.query = form;
    } else if (json) {
      nlohmann::json body = nlohmann::json::object();
      for (const auto& [name, value] : ask.parameters) body[name] = value;
      out.body = body.dump();
      out.headers.push_back({"content-type", "application/json"});
    } else {
      out.body = form;
      out.headers.push_back({"content-type", "application/x-www-form-urlencoded"});
    }
    const std::string date = codec::http_date(clock.now() + ask.clock_ahead);
    if (ask.version != SignatureVersion::v1) out.headers.push_back({"date", date});
    SignedLines lines;
    lines.date = date;
    lines.method = out.method;
    lines.host = ask.host;
    lines.path = out.path;
    const std::string parameters =
        CanonicalParameters::of(json || ask.method == "GET" ? out.query : out.body)->by_key_then_value();
    const std::string body = body_line(out.body), headers = header_line(out.headers);
    lines.parameters = parameters;
    lines.body = body;
    lines.headers = headers;
    std::string text;
    write_canonical(ask.version, lines, text);
    const Bytes mac = crypto::hmac(ask.hash, bytes_of(ask.secret_key), bytes_of(text));
    out.headers.push_back({"authorization", write_authorization({as.id.text(), ask.hash, mac})});
    return out;
  }

  // Runs a reply up to its answer or to where it waits.
  static net::Reply run(net::Reply reply) {
    while (auto* commit = std::get_if<net::Committing>(&reply)) {
      std::optional<net::Reply> next;
      commit->start([&next](net::Reply out) { next = std::move(out); });
      if (!next) throw std::logic_error("the memory store answers within the call");
      reply = std::move(*next);
    }
    return reply;
  }
  net::Reply begin(const Ask& ask) { return run(face.handle(sign(ask))); }
  static bool waits(const net::Reply& reply) { return std::holds_alternative<net::Wait>(reply); }
  // As if its key was woken now.
  static net::Reply wake(const net::Reply& reply) { return run(std::get<net::Wait>(reply).again()); }

  // Lets time pass until there is an answer.
  Said finish(net::Reply reply) {
    reply = run(std::move(reply));
    while (waits(reply)) {
      clock.set(std::get<net::Wait>(reply).until);
      reply = wake(reply);
    }
    return read(std::get<net::HttpResponse>(reply));
  }
  Said send(const net::HttpRequest& request) { return finish(face.handle(request)); }
  Said say(const Ask& ask) { return send(sign(ask)); }

  static Said read(const net::HttpResponse& response) {
    Said out{response, nullptr};
    if (response.content_type == "application/json") out.body = nlohmann::json::parse(response.body);
    if (response.content_type == "application/bson") {
      const Result<Document> document = parse_bson(response.body);
      EXPECT_TRUE(document);
      if (document) out.body = nlohmann::json::parse(to_json(*document));
    }
    return out;
  }

  // --- what clients do ---

  Said preauth(const std::string& user) { return say(post("/auth/v2/preauth").with("username", user)); }
  static Ask passcode(const std::string& user, const std::string& code) {
    return post("/auth/v2/auth").with("username", user).with("factor", "passcode").with("passcode", code);
  }
  static Ask push(const std::string& user) {
    return post("/auth/v2/auth").with("username", user).with("factor", "push").with("device", "auto");
  }
  static Ask status(const std::string& txid) { return get("/auth/v2/auth_status").with("txid", txid); }
  // Begins a push to be polled; its txid.
  std::string begin_async_push(const std::string& user) { return say(push(user).with("async", "1"))["txid"]; }

  // A phone with an authenticator, bound to the user.
  struct BoundPhone {
    Phone phone;
    testing::FakePhone key;
  };
  BoundPhone add_phone(const User& of, std::string name = "Pixel") {
    Phone phone;
    phone.tenant = of.tenant;
    phone.id = PhoneId::make(random);
    phone.user = of.id;
    phone.name = std::move(name);
    phone.masked = "XXX-XXX-0100";
    phone.activated = true;
    phone.created = clock.now();
    write([&](store::Txn& txn) { return store::insert_phone(txn, phone); });
    testing::FakePhone key(random, "localhost");
    key.named(phone.id);
    add_enrolment(of, "push", *factor::push::enrol(key.public_key()), phone.id);
    return {phone, std::move(key)};
  }
  Result<flow::Standing> answer(const BoundPhone& with, const std::string& txid, const std::string& number,
                                factor::push::Decision decision = factor::push::Decision::approve) {
    flow::Answer given = with.key.flow_answer(with.phone, AttemptId::trusted(txid), number, decision);
    return testing::finish<flow::Standing>(
        [&](flow::Done<flow::Standing> done) { flow::answer_push(*ports, std::move(given), std::move(done)); });
  }
  // The number in a status text: "… Enter 482 in …".
  static std::string number_in(const std::string& text) {
    const std::size_t at = text.find("Enter ");
    if (at == text.npos) return {};
    return text.substr(at + 6, text.find(' ', at + 6) - at - 6);
  }
};

}  // namespace countersign::duo
