#include "faces/prompt/screens.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "core/codec/base64.h"
#include "core/crypto/hash.h"
#include "faces/prompt/qr.h"

namespace countersign::prompt {
namespace {

using web::Value;
using Members = Value::Members;

constexpr std::size_t kFingerprintBytes = 9;
constexpr std::size_t kShortNumber = 4;  // digits that can stand very large on the smallest screen

std::string_view word(flow::Way way) {
  switch (way) {
    case flow::Way::passkey: return "passkey";
    case flow::Way::push: return "push";
    case flow::Way::passcode: return "passcode";
  }
  std::abort();
}

Value flag(bool set) { return set ? Value::yes() : Value::no(); }

std::string clock_text(int left) {
  const int whole = std::max(left, 0);
  const std::string rest = std::to_string(whole % 60);
  return std::to_string(whole / 60) + (rest.size() == 1 ? ":0" : ":") + rest;
}

// "482" -> "4 8 2", so that it is read digit by digit.
std::string spoken(std::string_view number) {
  std::string out;
  for (const char digit : number) {
    if (!out.empty()) out.push_back(' ');
    out.push_back(digit);
  }
  return out;
}

Value method_value(const Screen& screen, const flow::Method& method) {
  const std::string way(word(method.way));
  Members out{{"way", way}, {"phone", method.phone.text()}, {"name", method.name}, {"is_" + way, Value::yes()}};
  if (method.way != flow::Way::push) out.emplace_back("link", path_of(screen.visit) + "/other?way=" + way);
  return Value::object(std::move(out));
}

Value method_values(const Screen& screen, const std::vector<flow::Method>& methods) {
  std::vector<Value> out;
  for (const flow::Method& method : methods) out.push_back(method_value(screen, method));
  return Value::list(std::move(out));
}

// A page that is read again in another language leads to what it shows, not to what it was asked.
Value language_links(const Screen& screen) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"en", "English"}, {"fr", "Français"}, {"de", "Deutsch"}, {"es", "Español"}, {"ja", "日本語"}, {"ar", "العربية"}};
  std::string path = path_of(screen.visit);
  std::string query;
  switch (screen.part) {
    case Part::strongest: break;
    case Part::list: path += "/other"; break;
    case Part::passkey: path += "/other", query = "way=passkey&"; break;
    case Part::push: path += "/other", query = "way=push&"; break;
    case Part::passcode: path += "/other", query = "way=passcode&"; break;
  }
  std::vector<Value> items;
  for (const auto& [code, name] : kNames) {
    items.push_back(Value::object({{"code", std::string(code)},
                                   {"name", std::string(name)},
                                   {"href", path + "?" + query + "lang=" + std::string(code)},
                                   {"current", flag(code == screen.language)}}));
  }
  return Value::object({{"items", Value::list(std::move(items))}});
}

Members common(const Screen& screen, const flow::View& view) {
  return {{"tenant", view.tenant_name}, {"app", view.app_name},
          {"user", view.username},      {"base", path_of(screen.visit)},
          {"version", screen.version},  {"prove", view.prove_browser},
          {"shown", fingerprint(view)}, {"language_links", language_links(screen)},
          {"cancel", view.cancel_url}};
}

struct Page {
  std::string_view name;
  Members values;
};

void add(Page& page, std::string name, Value value) { page.values.emplace_back(std::move(name), std::move(value)); }

const flow::Method* of_way(const std::vector<flow::Method>& methods, flow::Way way) {
  const auto found = std::find_if(methods.begin(), methods.end(), [way](const auto& one) { return one.way == way; });
  return found == methods.end() ? nullptr : &*found;
}

// What to show of a choice: one way with its own page, or nullptr for the list.
const flow::Method* chosen(const std::vector<flow::Method>& methods, Part part, std::string_view problem) {
  switch (part) {
    case Part::passkey: return of_way(methods, flow::Way::passkey);
    case Part::push: return of_way(methods, flow::Way::push);
    case Part::passcode: return of_way(methods, flow::Way::passcode);
    case Part::list: return methods.size() == 1 ? &methods.front() : nullptr;
    case Part::strongest: break;
  }
  const flow::Method* const again = problem == "invalid_passcode" ? of_way(methods, flow::Way::passcode) : nullptr;
  return again ? again : &methods.front();
}

void show(const Screen& screen, const flow::Choose& choose, Page& page) {
  std::vector<flow::Method> methods{choose.first};
  methods.insert(methods.end(), choose.others.begin(), choose.others.end());
  // What the address says is of the last press; what the visit says may be older.
  const std::string& problem = screen.problem.empty() ? choose.problem : screen.problem;
  if (choose.remember_days > 0) add(page, "remember", Value::object({{"days", choose.remember_days}}));
  add(page, "has_others", flag(methods.size() > 1));
  const flow::Method* const method = chosen(methods, screen.part, problem);
  // What was wrong with a passcode is said at its field, everything else above.
  const bool of_field = problem == "invalid_passcode" || problem == "empty_passcode";
  const bool at_field = of_field && method && method->way == flow::Way::passcode;
  const bool only_passkey =
      problem == "passkey_failed" && methods.size() == 1 && methods.front().way == flow::Way::passkey;
  const std::string_view said = only_passkey ? std::string_view("passkey_only") : std::string_view(problem);
  if (!said.empty()) add(page, at_field ? "field_error" : "again", again_text(screen.language, said));
  if (!method) {
    page.name = "prompt/choose";
    add(page, "methods", method_values(screen, methods));
    return;
  }
  add(page, "name", method->name);
  switch (method->way) {
    case flow::Way::passkey:
      page.name = "prompt/passkey";
      add(page, "options", choose.passkey_options);
      add(page, "auto", flag(problem.empty() && screen.part == Part::strongest));
      break;
    case flow::Way::push:
      page.name = "prompt/push";
      add(page, "phone", method->phone.text());
      break;
    case flow::Way::passcode: page.name = "prompt/passcode"; break;
  }
}

void show(const Screen& screen, const flow::Waiting& waiting, Page& page) {
  page.name = "prompt/waiting";
  const bool more = waiting.more == flow::Waiting::More::possible;
  add(page, "number", waiting.number);
  add(page, "long", flag(waiting.number.size() > kShortNumber));
  add(page, "spoken", spoken(waiting.number));
  add(page, "phone", waiting.phone);
  add(page, "notified", flag(waiting.notified == flow::Waiting::Notified::yes));
  add(page, "seconds_left", std::max(waiting.seconds_left, 0));
  add(page, "total_seconds", std::max({waiting.total_seconds, waiting.seconds_left, 1}));
  add(page, "time", clock_text(waiting.seconds_left));
  add(page, "soon", web::message(screen.language, more ? "waiting.soon" : "waiting.soon_last"));
  add(page, "more_time", flag(more));
  add(page, "has_others", flag(!waiting.others.empty()));
  add(page, "methods", method_values(screen, waiting.others));
}

void show(const Screen& screen, const flow::BindFirst& bind, Page& page) {
  page.name = "prompt/bind";
  add(page, "options", bind.passkey_options);
  if (!screen.problem.empty()) add(page, "again", web::message(screen.language, "bind.not_done"));
}

void show(const Screen&, const flow::BindPhone& bind, Page& page) {
  page.name = "prompt/bind-phone";
  add(page, "url", bind.url);
  add(page, "here", "/authenticator/#activate=" + bind.url.substr(bind.url.rfind('/') + 1));
  const Result<QrOutline> qr = qr_outline(bind.url);
  if (!qr) return;
  const std::string side = std::to_string(qr->side);
  add(page, "qr_box", "0 0 " + side + " " + side);
  add(page, "qr_path", qr->path);
}

void show(const Screen&, const flow::GoBack&, Page& page) { page.name = {}; }

void show(const Screen& screen, const flow::Refused& refused, Page& page) {
  page.name = "prompt/refused";
  const bool done =
      refused.reason == "already_signed_in";  // somebody pressed "back": nothing to quote, nothing to undo
  add(page, "heading", web::message(screen.language, done ? "refused.done_title" : "refused.title"));
  add(page, "reason", reason_text(screen.language, refused.reason));
  if (done) return;
  add(page, "reference", refused.reference);
  add(page, "back_url", refused.back_url);
}

// ---- Fingerprint ----

void note(std::string& to, std::string_view part) { to += std::to_string(part.size()) + ":" + std::string(part); }

void note(std::string& to, const flow::Method& method) {
  note(to, word(method.way));
  note(to, method.phone.text());
  note(to, method.name);
}

void note(std::string& to, const flow::Choose& choose) {
  note(to, "choose");
  note(to, choose.first);
  for (const flow::Method& method : choose.others) note(to, method);
  note(to, choose.problem);
  note(to, std::to_string(choose.remember_days));
}

void note(std::string& to, const flow::Waiting& waiting) {
  note(to, "waiting");
  note(to, waiting.number);
  note(to, waiting.phone);
  note(to, waiting.notified == flow::Waiting::Notified::yes ? "notified" : "quiet");
  for (const flow::Method& method : waiting.others) note(to, method);
}

void note(std::string& to, const flow::BindFirst&) { note(to, "bind"); }

void note(std::string& to, const flow::BindPhone& bind) {
  note(to, "bind-phone");
  note(to, bind.url);
}

void note(std::string& to, const flow::GoBack& back) {
  note(to, "back");
  note(to, back.url);
}

void note(std::string& to, const flow::Refused& refused) {
  note(to, "refused");
  note(to, refused.reason);
}

}  // namespace

std::string path_of(const VisitId& visit) { return "/prompt/" + visit.text(); }

std::string draw(const web::Templates& templates, const Screen& screen, const flow::View& view) {
  Page page{{}, common(screen, view)};
  std::visit([&](const auto& shown) { show(screen, shown, page); }, view.shows);
  if (page.name.empty()) return {};
  return templates.render(page.name, screen.language, Value::object(std::move(page.values)));
}

std::string fingerprint(const flow::View& view) {
  std::string text;
  std::visit([&text](const auto& shown) { note(text, shown); }, view.shows);
  const Bytes digest = crypto::hash(crypto::HashKind::sha256, bytes_of(text));
  return codec::to_base64(codec::Base64::url, ByteView(digest).first(kFingerprintBytes));
}

std::string reason_text(std::string_view language, std::string_view reason) {
  std::string text = web::message(language, "reason." + std::string(reason));
  return text.empty() ? web::message(language, "reason.other") : text;
}

std::string again_text(std::string_view language, std::string_view problem) {
  if (problem == "empty_passcode") return web::message(language, "passcode.empty");
  std::string text = web::message(language, "again." + std::string(problem));
  return text.empty() ? web::message(language, "again.other") : text;
}

}  // namespace countersign::prompt
