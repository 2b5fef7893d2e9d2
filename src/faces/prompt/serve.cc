#include "faces/prompt/serve.h"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "faces/prompt/call.h"
#include "faces/prompt/problem.h"
#include "faces/prompt/related_origins.h"
#include "faces/prompt/screens.h"
#include "flow/browser.h"
#include "flow/portal.h"
#include "web/choice.h"

namespace countersign::prompt {
namespace {

constexpr std::string_view kPrefix = "/prompt/";
constexpr std::string_view kLanguageCookie = "lang";
constexpr seconds kLanguageKept{400 * 86400};
constexpr seconds kWaitLength{25};

using Send = std::function<void(net::Reply)>;

// Who calls, in what language, about which visit. Copied into what is queued: a request does not outlive its
// connection.
struct Call {
  const flow::Ports& ports;
  const web::Templates& templates;
  Target target;
  std::string language;
  std::string cookie_name;
  flow::Caller caller;
};
using SharedCall = std::shared_ptr<Call>;  // shared: a std::function must be copyable, and a Caller cannot be

Result<SharedCall> call_of(const flow::Ports& ports, const web::Templates& templates, const net::HttpRequest& request,
                           Target target) {
  const TenantId tenant = TRY(flow::tenant_of_visit(ports, target.visit));
  std::string name = flow::browser_cookie_name(tenant);
  flow::Caller caller;
  caller.visit = target.visit;
  caller.cookie = Secret(web::cookie(request, name));
  caller.address = request.peer;
  caller.user_agent = request.header("user-agent").substr(0, kUserAgentMax);
  return SharedCall(
      new Call{ports, templates, std::move(target), web::language_of(request), std::move(name), std::move(caller)});
}

flow::Caller copy(const flow::Caller& caller) {
  return {caller.visit, Secret(caller.cookie.reveal()), caller.address, caller.user_agent};
}

net::HttpResponse with_cookie(const Call& call, const flow::View& view, net::HttpResponse reply) {
  if (!view.set_cookie.empty()) {
    reply.headers.push_back(
        web::set_cookie(call.cookie_name, view.set_cookie, flow::kBrowserLifetime, web::SameSite::lax));
  }
  return reply;
}

// ---- Pages ----

std::string version_text(const flow::VisitVersion& version) {
  return std::to_string(version.version) + "." + std::string(signin::name(version.state)) + "." +
         std::to_string(version.push_version) + "." + std::to_string(version.enrolments);
}

Part part_of(std::string_view way) {
  if (way == "passkey") return Part::passkey;
  if (way == "push") return Part::push;
  return way == "passcode" ? Part::passcode : Part::list;
}

// Words that we put into addresses ourselves; any other says nothing.
std::string known_problem(std::string_view word) {
  for (const std::string_view known : {"empty_passcode", "passkey_failed", "too_many"}) {
    if (word == known) return std::string(word);
  }
  return {};
}

net::HttpResponse page_of(const Call& call, Screen screen, const flow::View& view) {
  if (const auto* const back = std::get_if<flow::GoBack>(&view.shows)) return web::see_other(back->url);
  const bool choice = std::holds_alternative<flow::Choose>(view.shows);
  if (!choice && screen.part != Part::strongest) return web::see_other(path_of(call.target.visit));
  web::PageOptions options;
  options.form_action = view.back_origin;
  return web::page(draw(call.templates, screen, view), options);
}

// `seen`, read before the look, where the browser was known already: what changes while the page is made is not missed.
net::Reply look(SharedCall call, Screen screen) {
  const Result<flow::VisitVersion> seen = flow::visit_version(call->ports, call->caller);
  if (seen) screen.version = version_text(*seen);
  return net::Committing{[call, screen](Send send) {
    flow::look_at_visit(call->ports, copy(call->caller), [call, screen, send](Result<flow::View> view) {
      if (!view) return send(problem(call->language, view.error()));
      send(with_cookie(*call, *view, page_of(*call, screen, *view)));
    });
  }};
}

// The choice of a language is kept and taken out of the address.
net::HttpResponse choose_language(const net::HttpRequest& request, const Fields& query, std::string_view wanted) {
  std::string place = request.path;
  if (!query.get("way").empty()) place += "?way=" + std::string(query.get("way"));
  net::HttpResponse out = web::see_other(std::move(place));
  out.headers.push_back(web::set_cookie(kLanguageCookie, wanted, kLanguageKept, web::SameSite::lax));
  return out;
}

net::Reply show(SharedCall call, const net::HttpRequest& request) {
  const Result<Fields> query = Fields::of_query(request);
  if (!query) return problem(call->language, Error{Errc::malformed, query.error().what});
  const std::string_view way = query->get("way");
  const bool fine = way.empty() || part_of(way) != Part::list;
  if (!fine) return problem(call->language, Error{Errc::malformed, "way is not one"});
  const std::string_view wanted = query->get("lang");
  if (!wanted.empty()) return choose_language(request, *query, web::language_for(wanted, {}));
  Screen screen;
  screen.language = call->language;
  screen.visit = call->target.visit;
  screen.part = call->target.action.empty() ? Part::strongest : part_of(way);
  screen.problem = known_problem(query->get("problem"));
  return look(std::move(call), std::move(screen));
}

// ---- Waiting ----

net::Reply wait_for(SharedCall call, std::string since, Instant until) {
  const Result<flow::VisitVersion> now = flow::visit_version(call->ports, call->caller);
  if (!now && now.error().code == Errc::unavailable) return json_problem(now.error());
  if (!now || version_text(*now) != since) return json_reply(true);  // gone is a change too
  if (call->ports.clock.now() >= until) return json_reply(false);
  return net::Wait{now->wait_key, until, [call, since, until] { return wait_for(call, since, until); },
                   [] { return json_reply(false); }};
}

net::Reply wait(SharedCall call, const net::HttpRequest& request) {
  const Result<Fields> query = Fields::of_query(request);
  if (!query) return json_problem(Error{Errc::malformed, query.error().what});
  const Instant until = call->ports.clock.now() + kWaitLength;
  return wait_for(std::move(call), std::string(query->get("since")), until);
}

// ---- Forms ----

// Where a form's answer leads: always back to a page, so that a reload repeats nothing. What went wrong is in the
// visit; only who binds a passkey is told by the address.
std::string place_after(const Call& call, const flow::View& view) {
  const std::string page = path_of(call.target.visit);
  const std::string& action = call.target.action;
  if (action == "passcode" && std::holds_alternative<flow::Choose>(view.shows)) return page + "/other?way=passcode";
  const bool unbound = action == "bind-passkey" && std::holds_alternative<flow::BindFirst>(view.shows);
  return unbound ? page + "?problem=passkey_failed" : page;
}

flow::Done<flow::View> after_form(SharedCall call, Send send) {
  return [call, send](Result<flow::View> view) {
    if (view) return send(with_cookie(*call, *view, web::see_other(place_after(*call, *view))));
    const std::string page = path_of(call->target.visit);
    switch (view.error().code) {
      case Errc::conflict:  // another tab was faster: look again
      case Errc::refused: return send(web::see_other(page));
      case Errc::exhausted: return send(web::see_other(page + "/other?problem=too_many"));
      case Errc::malformed:
      case Errc::not_found:
      case Errc::unavailable: return send(problem(call->language, view.error()));
    }
  };
}

signin::Remember remember_of(const Fields& form) {
  return form.get("remember") == "yes" ? signin::Remember::yes : signin::Remember::no;
}

using Act = std::function<void(const SharedCall&, const Fields&, flow::Done<flow::View>)>;

Result<PhoneId> phone_of(const Fields& form) { return PhoneId::parse(form.get("phone")); }

void push(const SharedCall& call, const Fields& form, flow::Done<flow::View> done) {
  Result<PhoneId> phone = phone_of(form);
  if (!phone) return done(phone.error());
  flow::visit_push(call->ports, copy(call->caller), std::move(*phone), remember_of(form), std::move(done));
}

void more_time(const SharedCall& call, const Fields&, flow::Done<flow::View> done) {
  flow::visit_more_time(call->ports, copy(call->caller), std::move(done));
}

void passcode(const SharedCall& call, const Fields& form, flow::Done<flow::View> done) {
  const std::string_view typed = form.get("passcode");
  if (typed.size() > kPasscodeMax) return done(Error{Errc::malformed, "no passcode is that long"});
  flow::visit_passcode(call->ports, copy(call->caller), Secret(plain_passcode(typed)), remember_of(form),
                       std::move(done));
}

void passkey(const SharedCall& call, const Fields& form, flow::Done<flow::View> done) {
  flow::visit_passkey(call->ports, copy(call->caller), std::string(form.get("response")), remember_of(form),
                      std::move(done));
}

void passkey_failed(const SharedCall& call, const Fields&, flow::Done<flow::View> done) {
  flow::visit_passkey_failed(call->ports, copy(call->caller), std::move(done));
}

void bind_passkey(const SharedCall& call, const Fields& form, flow::Done<flow::View> done) {
  flow::visit_bind_passkey(call->ports, copy(call->caller), std::string(form.get("response")), std::move(done));
}

void bind_phone(const SharedCall& call, const Fields&, flow::Done<flow::View> done) {
  flow::visit_bind_phone(call->ports, copy(call->caller), std::move(done));
}

void unbind(const SharedCall& call, const Fields&, flow::Done<flow::View> done) {
  flow::visit_unbind(call->ports, copy(call->caller), std::move(done));
}

void manage(const SharedCall& call, const Fields&, flow::Done<flow::View> done) {
  flow::visit_to_portal(call->ports, copy(call->caller), std::move(done));
}

net::Reply submit(SharedCall call, const net::HttpRequest& request, const Act& act) {
  Result<Fields> form = Fields::of_form(request);
  if (!form) return problem(call->language, Error{Errc::malformed, form.error().what});
  if (call->target.action == "passcode" && plain_passcode(form->get("passcode")).empty()) {
    return web::see_other(path_of(call->target.visit) + "/other?way=passcode&problem=empty_passcode");
  }
  return net::Committing{[call, act, form = std::move(*form)](Send send) { act(call, form, after_form(call, send)); }};
}

// Leaves what waits; then the way that was pressed, if it is still open.
net::Reply other_way(SharedCall call, const net::HttpRequest& request) {
  Result<Fields> form = Fields::of_form(request);
  if (!form) return problem(call->language, Error{Errc::malformed, form.error().what});
  return net::Committing{[call, form = std::move(*form)](Send send) {
    flow::visit_other_way(call->ports, copy(call->caller), [call, form, send](Result<flow::View> view) {
      if (!view || !std::holds_alternative<flow::Choose>(view->shows)) return after_form(call, send)(std::move(view));
      const std::string way(form.get("way"));
      if (way == "push" && phone_of(form)) return push(call, form, after_form(call, send));
      const bool named = part_of(way) != Part::list;
      send(web::see_other(path_of(call->target.visit) + "/other" + (named ? "?way=" + way : std::string())));
    });
  }};
}

// ---- The browser's key ----

net::Reply prove(SharedCall call, const net::HttpRequest& request) {
  if (!same_origin(request)) return json_problem(Error{Errc::refused, "another site's"});
  Result<BrowserProof> read = read_browser_proof(request.body);
  if (!read) return json_problem(read.error());
  const auto proof = std::make_shared<BrowserProof>(std::move(*read));  // shared: moved from inside a copyable function
  return net::Committing{[call, proof](Send send) {
    flow::prove_browser(call->ports, copy(call->caller), std::move(proof->public_key), std::move(proof->signature),
                        [call, proof, send](Result<flow::View> view) {
                          if (!view) return send(json_problem(view.error()));
                          send(with_cookie(*call, *view, json_reply(fingerprint(*view) != proof->shown)));
                        });
  }};
}

// ---- Routes ----

struct Route {
  std::string_view action;
  bool get = false;
  Act act;  // of a form
};

const Route* find_route(std::string_view action) {
  static const std::array<Route, 14> kRoutes{{{"", true, {}},
                                              {"other", true, {}},
                                              {"wait", true, {}},
                                              {"browser", false, {}},
                                              {"other-way", false, {}},
                                              {"push", false, push},
                                              {"more-time", false, more_time},
                                              {"passcode", false, passcode},
                                              {"passkey", false, passkey},
                                              {"passkey-failed", false, passkey_failed},
                                              {"bind-passkey", false, bind_passkey},
                                              {"bind-phone", false, bind_phone},
                                              {"unbind", false, unbind},
                                              {"manage", false, manage}}};
  for (const Route& route : kRoutes) {
    if (route.action == action) return &route;
  }
  return nullptr;
}

net::Reply answer(SharedCall call, const net::HttpRequest& request, const Route& route) {
  if (route.action == "wait") return wait(std::move(call), request);
  if (route.get) return show(std::move(call), request);
  if (route.action == "browser") return prove(std::move(call), request);
  if (!same_origin(request)) return cross_site_problem(call->language);
  if (route.action == "other-way") return other_way(std::move(call), request);
  return submit(std::move(call), request, route.act);
}

}  // namespace

bool serves(std::string_view path) { return path.starts_with(kPrefix) || path == kRelatedOriginsPath; }

net::Reply serve(const flow::Ports& ports, const web::Templates& templates, const net::HttpRequest& request) {
  if (request.path == kRelatedOriginsPath) return related_origins(ports, request);
  const std::string language = web::language_of(request);
  Result<Target> target = parse_target(request.path);
  if (!target) return problem(language, target.error());
  const Route* const route = find_route(target->action);
  if (!route) return problem(language, Error{Errc::not_found, "no such path"});
  const std::string_view method = route->get ? "GET" : "POST";
  if (request.method != method) return method_problem(language, method);
  Result<SharedCall> call = call_of(ports, templates, request, std::move(*target));
  if (!call) return problem(language, call.error());
  return answer(std::move(*call), request, *route);
}

}  // namespace countersign::prompt
