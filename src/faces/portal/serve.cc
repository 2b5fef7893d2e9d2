#include "faces/portal/serve.h"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "core/codec/percent.h"
#include "faces/portal/problem.h"
#include "faces/portal/screens.h"
#include "web/choice.h"
#include "web/form.h"

namespace countersign::portal {
namespace {

constexpr std::string_view kPrefix = "/portal/";
constexpr std::string_view kLanguageCookie = "lang";
constexpr seconds kLanguageKept{400 * 86400};
constexpr seconds kWaitLength{25};
constexpr std::size_t kUserAgentMax = 512;
constexpr std::size_t kCodeMax = 256;

using Send = std::function<void(net::Reply)>;

// Who calls, in what language, about what. Copied into what is queued: a request does not outlive its connection.
struct Call {
  const flow::Ports& ports;
  const web::Templates& templates;
  TenantId tenant;
  std::string action;  // "" for the list
  std::string language;
  std::string address, user_agent;
  Secret session, browser, door;  // cookies
};
using SharedCall = std::shared_ptr<const Call>;  // shared: a std::function must be copyable, and a Secret cannot be

flow::PortalCaller caller_of(const Call& call) {
  return {call.tenant, Secret(call.session.reveal()), Secret(call.browser.reveal()), call.address, call.user_agent};
}

SharedCall call_of(const flow::Ports& ports, const web::Templates& templates, const net::HttpRequest& request,
                   std::pair<TenantId, std::string> target) {
  const TenantId& tenant = target.first;
  return SharedCall(new Call{ports, templates, tenant, std::move(target.second), web::language_of(request),
                             request.peer, std::string(request.header("user-agent").substr(0, kUserAgentMax)),
                             Secret(web::cookie(request, flow::portal_cookie_name(tenant))),
                             Secret(web::cookie(request, flow::browser_cookie_name(tenant))),
                             Secret(web::cookie(request, flow::portal_door_name(tenant)))});
}

net::HttpResponse with_session(const Call& call, const Secret& cookie, net::HttpResponse reply) {
  reply.headers.push_back(web::set_cookie(flow::portal_cookie_name(call.tenant), cookie.reveal(),
                                          signin::kPortalLifetime, web::SameSite::strict));
  return reply;
}

net::HttpResponse without_session(const Call& call, net::HttpResponse reply) {
  reply.headers.push_back(web::drop_cookie(flow::portal_cookie_name(call.tenant)));
  return reply;
}

std::string place(const Call& call, std::string_view said) {
  return base_of(call.tenant) + (said.empty() ? "" : "?said=" + std::string(said));
}

Screen screen_of(const Call& call) {
  Screen out;
  out.language = call.language;
  out.tenant = call.tenant;
  return out;
}

// ---- Pages ----

// The page for those without a session; whether there is such a tenant is not said.
net::HttpResponse door(const Call& call, const Screen& screen) {
  const Result<flow::PortalDoor> opened = flow::portal_door(call.ports, call.tenant);
  if (!opened) return problem(call.language, opened.error());
  Screen here = screen;
  here.path = base_of(call.tenant);
  here.id.clear();
  net::HttpResponse out = web::page(draw_door(call.templates, here, opened->options));
  out.headers.push_back(web::set_cookie(flow::portal_door_name(call.tenant), opened->cookie.reveal(),
                                        signin::kDoorLifetime, web::SameSite::strict));
  return out;
}

using Draw = std::string (*)(const web::Templates&, const Screen&, const flow::PortalView&);

net::Reply look(SharedCall call, Screen screen, Draw draw) {
  return net::Committing{[call, screen, draw](Send send) {
    flow::look_at_portal(call->ports, caller_of(*call), [call, screen, draw, send](Result<flow::PortalView> view) {
      if (!view && view.error().code == Errc::not_found) {
        if (call->action.empty()) return send(door(*call, screen));
        return send(web::see_other(place(*call, "")));
      }
      if (!view) return send(problem(call->language, view.error()));
      std::string html = draw(call->templates, screen, *view);
      // What was in progress is over: an authenticator is bound by now, a ceremony was ended in another tab.
      if (html.empty()) return send(web::see_other(place(*call, call->action == "phone" ? "phone_added" : "")));
      send(web::page(std::move(html)));
    });
  }};
}

// The choice of a language is kept and taken out of the address.
net::HttpResponse choose_language(const net::HttpRequest& request, const web::Fields& query, std::string_view wanted) {
  std::string to = request.path;
  if (!query.get("id").empty()) to += "?id=" + codec::percent_encode(query.get("id"));
  net::HttpResponse out = web::see_other(std::move(to));
  out.headers.push_back(web::set_cookie(kLanguageCookie, wanted, kLanguageKept, web::SameSite::lax));
  return out;
}

net::Reply show(SharedCall call, const net::HttpRequest& request, Draw draw) {
  const Result<web::Fields> query = web::Fields::of_query(request);
  if (!query) return problem(call->language, Error{Errc::malformed, query.error().what});
  const std::string_view wanted = query->get("lang");
  if (!wanted.empty()) return choose_language(request, *query, web::language_for(wanted, {}));
  Screen screen = screen_of(*call);
  screen.path = request.path;
  screen.id = query->get("id");
  if (is_said(query->get("said"))) screen.said = query->get("said");
  return look(std::move(call), std::move(screen), draw);
}

// ---- In and out ----

net::Reply enter(SharedCall call, const net::HttpRequest& request) {
  const Result<web::Fields> query = web::Fields::of_query(request);
  const std::string code(query ? query->get("code") : std::string_view());
  if (code.empty() || code.size() > kCodeMax) return web::see_other(place(*call, "not_entered"));
  return net::Committing{[call, code](Send send) {
    flow::enter_portal(call->ports, caller_of(*call), code, [call, send](Result<flow::PortalEntered> entered) {
      if (entered) return send(with_session(*call, entered->cookie, web::see_other(place(*call, ""))));
      if (entered.error().code == Errc::unavailable) return send(problem(call->language, entered.error()));
      send(web::see_other(place(*call, "not_entered")));
    });
  }};
}

net::Reply sign_in(SharedCall call, const web::Fields& form) {
  const std::string response(form.get("response"));
  return net::Committing{[call, response](Send send) {
    const auto told = [call, send](Result<flow::PortalEntered> entered) {
      if (!entered && entered.error().code == Errc::unavailable) {
        return send(problem(call->language, entered.error()));
      }
      if (!entered) return send(web::see_other(place(*call, "passkey_refused")));
      net::HttpResponse out = with_session(*call, entered->cookie, web::see_other(place(*call, "")));
      out.headers.push_back(web::drop_cookie(flow::portal_door_name(call->tenant)));
      send(std::move(out));
    };
    flow::portal_sign_in(call->ports, caller_of(*call), Secret(call->door.reveal()), response, told);
  }};
}

net::Reply sign_out(SharedCall call) {
  return net::Committing{[call](Send send) {
    flow::leave_portal(call->ports, caller_of(*call), [call, send](Result<bool> left) {
      if (!left) return send(problem(call->language, left.error()));
      send(without_session(*call, web::see_other(place(*call, "signed_out"))));
    });
  }};
}

// ---- Waiting for an authenticator ----

net::Reply wait_for(SharedCall call, Instant until) {
  const Result<flow::PortalWait> now = flow::portal_wait(call->ports, caller_of(*call));
  if (!now && now.error().code == Errc::unavailable) return json_problem(now.error());
  if (!now || now->bound) return json_reply(true);  // a session that has ended is a change too
  if (call->ports.clock.now() >= until) return json_reply(false);
  return net::Wait{now->key, until, [call, until] { return wait_for(call, until); }, [] { return json_reply(false); }};
}

// ---- Forms ----

using Change = void (*)(const flow::Ports&, flow::PortalCaller, flow::PortalForm, flow::Done<flow::PortalDone>);

struct Route {
  std::string_view action;
  Draw page = nullptr;      // of GET
  Change change = nullptr;  // of POST
  std::string_view said{};  // after it was done
  std::string_view next{};  // and the page that follows
};

std::string said_of(flow::PortalOutcome outcome) {
  switch (outcome) {
    case flow::PortalOutcome::done: return {};
    case flow::PortalOutcome::prove: return {};
    case flow::PortalOutcome::sign_in_again: return "sign_in_again";
    case flow::PortalOutcome::is_protected: return {};  // the list says so by itself
    case flow::PortalOutcome::look_again: return "look_again";
    case flow::PortalOutcome::last_factor: return "last_factor";
    case flow::PortalOutcome::bad_name: return "bad_name";
    case flow::PortalOutcome::passkey_refused: return "passkey_refused";
    case flow::PortalOutcome::enough: return "enough";
  }
  std::abort();
}

std::string place_after(const Call& call, const Route& route, const flow::PortalForm& form,
                        const flow::PortalDone& done) {
  const std::string base = base_of(call.tenant);
  switch (done.outcome) {
    case flow::PortalOutcome::done:
      if (!done.next.empty()) return base + "/remove?id=" + codec::percent_encode(done.next);
      return route.next.empty() ? place(call, route.said) : base + "/" + std::string(route.next);
    case flow::PortalOutcome::prove: return base + "/prove";
    case flow::PortalOutcome::passkey_refused:
      return base + (route.action == "prove" ? "/prove" : "/passkey") + "?said=passkey_refused";
    case flow::PortalOutcome::bad_name:
      if (route.action == "rename") return base + "/rename?id=" + codec::percent_encode(form.id) + "&said=bad_name";
      if (route.action == "add-passkey") return base + "/passkey?said=bad_name";
      break;
    case flow::PortalOutcome::sign_in_again:
    case flow::PortalOutcome::is_protected:
    case flow::PortalOutcome::look_again:
    case flow::PortalOutcome::last_factor:
    case flow::PortalOutcome::enough: break;
  }
  return place(call, said_of(done.outcome));
}

net::HttpResponse after(const Call& call, const Route& route, const flow::PortalForm& form,
                        const flow::PortalDone& done) {
  if (done.outcome == flow::PortalOutcome::done && !done.codes.empty()) {
    return web::page(draw_codes(call.templates, screen_of(call), done.codes));
  }
  if (done.outcome == flow::PortalOutcome::done && route.action == "not-me") {
    return without_session(call, web::page(draw_protected(call.templates, screen_of(call))));
  }
  return web::see_other(place_after(call, route, form, done));
}

net::Reply submit(SharedCall call, const web::Fields& fields, const Route& route) {
  const flow::PortalForm form{std::string(fields.get("once")), std::string(fields.get("id")),
                              std::string(fields.get("name")), std::string(fields.get("response"))};
  return net::Committing{[call, form, &route](Send send) {
    route.change(call->ports, caller_of(*call), form, [call, form, &route, send](Result<flow::PortalDone> done) {
      if (done) return send(after(*call, route, form, *done));
      if (done.error().code == Errc::not_found) return send(web::see_other(place(*call, "")));
      send(problem(call->language, done.error()));
    });
  }};
}

// ---- Routes ----

constexpr std::array<Route, 18> kRoutes{{
    {"", draw_list},
    {"enter"},
    {"wait"},
    {"sign-in"},
    {"sign-out"},
    {"prove", draw_proof, flow::portal_prove, "proved"},
    {"passkey", draw_passkey},
    {"phone", draw_phone},
    {"ask-proof", nullptr, flow::portal_ask_proof, ""},
    {"begin-passkey", nullptr, flow::portal_begin_passkey, "", "passkey"},
    {"add-passkey", nullptr, flow::portal_add_passkey, "passkey_added"},
    {"add-phone", nullptr, flow::portal_add_phone, "", "phone"},
    {"drop-phone", nullptr, flow::portal_drop_phone, ""},
    {"recovery", nullptr, flow::portal_recovery_codes, ""},
    {"remove", draw_removal, flow::portal_remove, "removed"},
    {"rename", draw_name, flow::portal_rename, "renamed"},
    {"not-me", draw_report, flow::portal_not_me, ""},
    {"forget-browser", nullptr, flow::portal_forget_browser, "browser_forgotten"},
}};

const Route* find_route(std::string_view action) {
  for (const Route& route : kRoutes) {
    if (route.action == action) return &route;
  }
  return nullptr;
}

std::string_view allowed(const Route& route) {
  if (route.page && route.change) return "GET, POST";
  const bool get = route.page || route.action == "enter" || route.action == "wait";
  return get ? "GET" : "POST";
}

net::Reply post(SharedCall call, const net::HttpRequest& request, const Route& route) {
  if (!web::same_origin(request)) return cross_site_problem(call->language);
  const Result<web::Fields> form = web::Fields::of_form(request);
  if (!form) return problem(call->language, Error{Errc::malformed, form.error().what});
  if (route.action == "sign-in") return sign_in(std::move(call), *form);
  if (route.action == "sign-out") return sign_out(std::move(call));
  return submit(std::move(call), *form, route);
}

net::Reply answer(SharedCall call, const net::HttpRequest& request, const Route& route) {
  if (request.method == "POST") return post(std::move(call), request, route);
  if (route.action == "enter") return enter(std::move(call), request);
  if (route.action == "wait") {
    const Instant until = call->ports.clock.now() + kWaitLength;
    return wait_for(std::move(call), until);
  }
  return show(std::move(call), request, route.page);
}

// "/portal/": with a single tenant there is nothing to ask.
net::Reply index(const flow::Ports& ports, const web::Templates& templates, const net::HttpRequest& request) {
  const std::string language = web::language_of(request);
  if (request.method != "GET") return method_problem(language, "GET");
  const Result<TenantId> only = flow::only_tenant(ports);
  if (!only) return problem(language, only.error());
  if (!only->empty()) return web::see_other(base_of(*only));
  Screen screen;
  screen.language = language;
  return web::page(draw_index(templates, screen));
}

// "/portal/DA…/remove": the tenant and what is asked of it.
std::optional<std::pair<TenantId, std::string>> target_of(std::string_view path) {
  path.remove_prefix(kPrefix.size());
  const std::size_t slash = path.find('/');
  Result<TenantId> tenant = TenantId::parse(path.substr(0, slash));
  if (!tenant) return std::nullopt;
  return std::pair(std::move(*tenant), std::string(slash == std::string_view::npos ? "" : path.substr(slash + 1)));
}

}  // namespace

bool serves(std::string_view path) { return path == "/portal" || path.starts_with(kPrefix); }

net::Reply serve(const flow::Ports& ports, const web::Templates& templates, const net::HttpRequest& request) {
  if (request.path == "/portal" || request.path == kPrefix) return index(ports, templates, request);
  const std::string language = web::language_of(request);
  auto target = target_of(request.path);
  const Route* const route = target ? find_route(target->second) : nullptr;
  if (!route) return problem(language, Error{Errc::not_found, "no such path"});
  const std::string_view methods = allowed(*route);
  const bool allows = (request.method == "GET" && methods.starts_with("GET")) ||
                      (request.method == "POST" && methods.ends_with("POST"));
  if (!allows) return method_problem(language, methods);
  return answer(call_of(ports, templates, request, *std::move(target)), request, *route);
}

}  // namespace countersign::portal
