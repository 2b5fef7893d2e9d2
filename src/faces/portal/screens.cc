#include "faces/portal/screens.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/codec/percent.h"
#include "web/qr.h"

namespace countersign::portal {
namespace {

using web::Value;
using Members = Value::Members;

constexpr std::size_t kCodeGroup = 3;  // digits between the blanks that make a code readable

Value flag(bool set) { return set ? Value::yes() : Value::no(); }

void add(Members& to, std::string name, Value value) { to.emplace_back(std::move(name), std::move(value)); }

// ---- Times ----

std::string two(unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); }

// For people; a script puts it into their own zone and words.
Value time_value(Instant time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<seconds>(time - day));
  const std::string ymd = std::to_string(static_cast<int>(date.year())) + "-" +
                          two(static_cast<unsigned>(date.month())) + "-" + two(static_cast<unsigned>(date.day()));
  const std::string hm =
      two(static_cast<unsigned>(clock.hours().count())) + ":" + two(static_cast<unsigned>(clock.minutes().count()));
  const std::string s = two(static_cast<unsigned>(clock.seconds().count()));
  return Value::object({{"exact", ymd + "T" + hm + ":" + s + "Z"}, {"text", ymd + " " + hm + " UTC"}});
}

// ---- What pages have in common ----

Value language_links(const Screen& screen) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"en", "English"}, {"fr", "Français"}, {"de", "Deutsch"}, {"es", "Español"}, {"ja", "日本語"}, {"ar", "العربية"}};
  const std::string query = screen.id.empty() ? "?" : "?id=" + codec::percent_encode(screen.id) + "&";
  std::vector<Value> items;
  for (const auto& [code, name] : kNames) {
    items.push_back(Value::object({{"code", std::string(code)},
                                   {"name", std::string(name)},
                                   {"href", screen.path + query + "lang=" + std::string(code)},
                                   {"current", flag(code == screen.language)}}));
  }
  return Value::object({{"items", Value::list(std::move(items))}});
}

Members common(const Screen& screen, std::string_view tenant_name) {
  Members out = {{"tenant", std::string(tenant_name)}, {"base", base_of(screen.tenant)}};
  if (!screen.path.empty()) add(out, "language_links", language_links(screen));
  if (!screen.said.empty()) add(out, "said", web::message(screen.language, "portal.said_" + screen.said));
  return out;
}

Members common(const Screen& screen, const flow::PortalView& view) {
  Members out = common(screen, view.tenant_name);
  add(out, "user", view.username);
  add(out, "once", view.once);
  return out;
}

std::string render(const web::Templates& templates, std::string_view name, const Screen& screen, Members values) {
  return templates.render(name, screen.language, Value::object(std::move(values)));
}

// ---- Factors ----

std::string kind_text(const Screen& screen, flow::PortalFactor::Kind kind) {
  switch (kind) {
    case flow::PortalFactor::Kind::passkey: return web::message(screen.language, "method.passkey");
    case flow::PortalFactor::Kind::phone: return web::message(screen.language, "bind.phone_title");
    case flow::PortalFactor::Kind::token: return web::message(screen.language, "portal.kind_token");
  }
  std::abort();
}

std::string lives_text(const Screen& screen, flow::PortalFactor::Lives lives) {
  switch (lives) {
    case flow::PortalFactor::Lives::unknown: return {};
    case flow::PortalFactor::Lives::device: return web::message(screen.language, "portal.on_device");
    case flow::PortalFactor::Lives::synced: return web::message(screen.language, "portal.synced");
  }
  std::abort();
}

std::string name_of(const Screen& screen, const flow::PortalFactor& factor) {
  return factor.name.empty() ? kind_text(screen, factor.kind) : factor.name;
}

Value factor_value(const Screen& screen, const flow::PortalFactor& factor) {
  const bool token = factor.kind == flow::PortalFactor::Kind::token;
  Members out = {{"id", factor.id},
                 {"name", name_of(screen, factor)},
                 {"kind", factor.name.empty() ? std::string() : kind_text(screen, factor.kind)},
                 {"lives", lives_text(screen, factor.lives)},
                 {"made", time_value(factor.created)},
                 {"is_passkey", flag(factor.kind == flow::PortalFactor::Kind::passkey)},
                 {"is_push", flag(factor.kind == flow::PortalFactor::Kind::phone)},
                 {"is_passcode", flag(token)},
                 {"can_be_named", flag(!token)},
                 {"last", flag(factor.removable == flow::PortalFactor::Removable::last)}};
  if (factor.last_used) add(out, "used", time_value(*factor.last_used));
  return Value::object(std::move(out));
}

const flow::PortalFactor* find(const flow::PortalView& view, std::string_view id) {
  const auto found = std::find_if(view.factors.begin(), view.factors.end(), [id](const auto& f) { return f.id == id; });
  return found == view.factors.end() ? nullptr : &*found;
}

Value browser_value(const Screen& screen, const flow::PortalBrowser& browser) {
  std::string apps;
  for (const std::string& app : browser.apps) apps += (apps.empty() ? "" : ", ") + app;
  std::string name = web::message(screen.language, browser.this_one ? "portal.browser_here" : "portal.browser_unknown");
  if (!browser.browser.empty()) name += " – " + browser.browser + (browser.os.empty() ? "" : ", " + browser.os);
  return Value::object({{"id", browser.id.text()},
                        {"name", name},
                        {"apps", apps},
                        {"used", time_value(browser.last_used)},
                        {"remembered", flag(browser.remembered)}});
}

// ---- Sign-ins ----

std::string how(const Screen& screen, std::string_view factor) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kWords = {
      {{"webauthn", "webauthn"},
       {"duo_push", "push"},
       {"verified_duo_push", "push"},
       {"hardware_token", "passcode"},
       {"duo_mobile_passcode", "passcode"},
       {"passcode", "passcode"},
       {"bypass_code", "recovery"},
       {"remembered_device", "remembered"}}};
  for (const auto& [logged, word] : kWords) {
    if (logged == factor) return web::message(screen.language, "portal.how_" + std::string(word));
  }
  return web::message(screen.language, "portal.how_none");
}

std::string result_text(const Screen& screen, std::string_view result) {
  if (result == "success") return web::message(screen.language, "portal.result_success");
  if (result == "fraud") return web::message(screen.language, "portal.result_fraud");
  return web::message(screen.language, "portal.result_denied");
}

std::string place_of(const record::AccessDevice& access) {
  std::string out;
  for (const std::string& part : {access.browser, access.os, access.ip}) {
    if (!part.empty()) out += (out.empty() ? "" : ", ") + part;
  }
  return out;
}

Value sign_in_value(const Screen& screen, const record::AuthEvent& event) {
  return Value::object({{"id", event.id.text()},
                        {"at", time_value(event.at)},
                        {"app", event.app_name},
                        {"result", result_text(screen, event.result)},
                        {"fine", flag(event.result == "success")},
                        {"how", how(screen, event.factor)},
                        {"place", place_of(event.access_device)}});
}

template <class T>
Value list_of(const Screen& screen, const std::vector<T>& all, Value (*one)(const Screen&, const T&)) {
  std::vector<Value> out;
  for (const T& item : all) out.push_back(one(screen, item));
  return Value::list(std::move(out));
}

}  // namespace

std::string base_of(const TenantId& tenant) { return "/portal/" + tenant.text(); }

bool is_said(std::string_view word) {
  static constexpr std::array<std::string_view, 14> kWords = {
      "proved",      "passkey_added", "phone_added",     "removed", "renamed",       "browser_forgotten", "look_again",
      "last_factor", "bad_name",      "passkey_refused", "enough",  "sign_in_again", "not_entered",       "signed_out"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

std::string draw_list(const web::Templates& templates, const Screen& screen, const flow::PortalView& view) {
  Members values = common(screen, view);
  add(values, "protected", flag(view.freshness == flow::Freshness::is_protected));
  add(values, "changes", flag(view.freshness != flow::Freshness::is_protected));
  add(values, "wants_proof", flag(view.freshness == flow::Freshness::passkey));
  add(values, "factors", list_of(screen, view.factors, factor_value));
  if (view.recovery) {
    Members codes = {{"count", view.recovery->left}, {"any", flag(view.recovery->made.has_value())}};
    if (view.recovery->made) add(codes, "made", time_value(*view.recovery->made));
    add(values, "recovery", Value::object(std::move(codes)));
  }
  add(values, "has_browsers", flag(!view.browsers.empty()));
  add(values, "browsers", list_of(screen, view.browsers, browser_value));
  add(values, "has_sign_ins", flag(!view.sign_ins.empty()));
  add(values, "sign_ins", list_of(screen, view.sign_ins, sign_in_value));
  return render(templates, "prompt/portal-list", screen, std::move(values));
}

std::string draw_removal(const web::Templates& templates, const Screen& screen, const flow::PortalView& view) {
  const flow::PortalFactor* const factor = find(view, screen.id);
  if (!factor) return {};
  Members values = common(screen, view);
  add(values, "id", factor->id);
  add(values, "name", name_of(screen, *factor));
  return render(templates, "prompt/portal-remove", screen, std::move(values));
}

std::string draw_name(const web::Templates& templates, const Screen& screen, const flow::PortalView& view) {
  const flow::PortalFactor* const factor = find(view, screen.id);
  if (!factor || factor->kind == flow::PortalFactor::Kind::token) return {};
  Members values = common(screen, view);
  add(values, "id", factor->id);
  add(values, "name", factor->name);
  add(values, "bad", flag(!screen.said.empty()));
  return render(templates, "prompt/portal-rename", screen, std::move(values));
}

std::string draw_report(const web::Templates& templates, const Screen& screen, const flow::PortalView& view) {
  for (const record::AuthEvent& event : view.sign_ins) {
    if (event.id.text() != screen.id) continue;
    Members values = common(screen, view);
    add(values, "event", sign_in_value(screen, event));
    const bool passkey = std::any_of(view.factors.begin(), view.factors.end(),
                                     [](const auto& f) { return f.kind == flow::PortalFactor::Kind::passkey; });
    add(values, "no_passkey", flag(!passkey));
    return render(templates, "prompt/portal-not-me", screen, std::move(values));
  }
  return {};
}

std::string draw_proof(const web::Templates& templates, const Screen& screen, const flow::PortalView& view) {
  if (view.ceremony != signin::Ceremony::prove) return {};
  Members values = common(screen, view);
  add(values, "options", view.options);
  return render(templates, "prompt/portal-prove", screen, std::move(values));
}

std::string draw_passkey(const web::Templates& templates, const Screen& screen, const flow::PortalView& view) {
  if (view.ceremony != signin::Ceremony::create) return {};
  Members values = common(screen, view);
  add(values, "options", view.options);
  return render(templates, "prompt/portal-passkey", screen, std::move(values));
}

std::string draw_phone(const web::Templates& templates, const Screen& screen, const flow::PortalView& view) {
  if (!view.activation_url) return {};
  Members values = common(screen, view);
  const std::string& url = *view.activation_url;
  add(values, "url", url);
  add(values, "here", "/authenticator/#activate=" + url.substr(url.rfind('/') + 1));
  const Result<web::QrOutline> qr = web::qr_outline(url);
  if (qr) {
    const std::string side = std::to_string(qr->side);
    add(values, "qr_box", "0 0 " + side + " " + side);
    add(values, "qr_path", qr->path);
  }
  return render(templates, "prompt/portal-phone", screen, std::move(values));
}

std::string draw_codes(const web::Templates& templates, const Screen& screen, const std::vector<std::string>& codes) {
  Members values = common(screen, std::string_view());
  std::vector<Value> items;
  std::string all;
  for (const std::string& code : codes) {
    std::string readable;
    for (std::size_t at = 0; at < code.size(); at += kCodeGroup) {
      readable += (at == 0 ? "" : " ") + code.substr(at, kCodeGroup);
    }
    all += readable + "\n";
    items.emplace_back(std::move(readable));
  }
  add(values, "codes", Value::list(std::move(items)));
  add(values, "all", std::move(all));
  return render(templates, "prompt/portal-codes", screen, std::move(values));
}

std::string draw_protected(const web::Templates& templates, const Screen& screen) {
  return render(templates, "prompt/portal-protected", screen, common(screen, std::string_view()));
}

std::string draw_door(const web::Templates& templates, const Screen& screen, const std::string& options) {
  Members values = common(screen, std::string_view());
  add(values, "options", options);
  return render(templates, "prompt/portal-door", screen, std::move(values));
}

std::string draw_index(const web::Templates& templates, const Screen& screen) {
  return render(templates, "prompt/portal-index", screen, common(screen, std::string_view()));
}

}  // namespace countersign::portal
