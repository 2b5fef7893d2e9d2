// A small language for tests of the Duo face: what clients do, and what happens on the phone.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "faces/duo/ask_test.h"
#include "faces/duo/routes.h"
#include "testing/phone.h"
#include "testing/reply.h"
#include "testing/small_world.h"

namespace countersign::duo {

class DuoWorld : public testing::SmallWorld {
 public:
  DuoFace face{*ports, {{"mfa.example.test"}}};
  std::string peer = "192.0.2.1";

  net::HttpRequest sign(const Ask& ask) { return sign(ask, app); }
  net::HttpRequest sign(const Ask& ask, const Application& as) { return signed_request(ask, as.id, clock.now(), peer); }

  net::Reply begin(const Ask& ask) { return testing::run(face.handle(sign(ask))); }
  static bool waits(const net::Reply& reply) { return std::holds_alternative<net::Wait>(reply); }
  // As if its key was woken now.
  static net::Reply wake(const net::Reply& reply) { return testing::run(std::get<net::Wait>(reply).again()); }

  // Lets time pass until there is an answer.
  Said finish(net::Reply reply) {
    reply = testing::run(std::move(reply));
    while (waits(reply)) {
      clock.set(std::get<net::Wait>(reply).until);
      reply = wake(reply);
    }
    return read_answer(std::get<net::HttpResponse>(reply));
  }
  Said send(const net::HttpRequest& request) { return finish(face.handle(request)); }
  Said say(const Ask& ask) { return send(sign(ask)); }

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
    clock.advance(seconds(1));  // phones are listed oldest first
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
  // The number in a status text: "… enter 482 in …".
  static std::string number_in(const std::string& text) {
    const std::size_t at = text.find("enter ");
    if (at == text.npos) return {};
    return text.substr(at + 6, text.find(' ', at + 6) - at - 6);
  }
};

}  // namespace countersign::duo
