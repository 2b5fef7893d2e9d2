#include "faces/notice/face.h"

#include <cstdlib>
#include <optional>
#include <utility>

#include "core/codec/http_date.h"
#include "flow/breach_notices.h"
#include "web/choice.h"
#include "web/form.h"

namespace countersign::notice {
namespace {

using web::Value;

constexpr std::string_view kPath = "/notice";
constexpr std::size_t kCodeMax = 64;

int status_of(Errc code) {
  switch (code) {
    case Errc::malformed:
    case Errc::conflict:
    case Errc::not_found: return 400;
    case Errc::refused: return 403;
    case Errc::exhausted: return 429;
    case Errc::unavailable: return 503;
  }
  std::abort();
}

net::HttpResponse problem(std::string_view language, Errc code) {
  const int status = status_of(code);
  if (status == 429) return web::problem_page(language, "problem.too_much", {}, status);
  return web::problem_page(language, status == 503 ? "notice.unavailable" : "problem.malformed", {}, status);
}

// "2026-04-01 09:00".
std::string minute_of(Instant at) { return codec::iso_date(at).substr(0, 16).replace(10, 1, " "); }

Value real_values(const flow::CheckedNotice& found, const std::string& code, flow::NoticeAct act,
                  const std::string& language) {
  const bool admin = found.notice.user.empty();
  const bool read = act == flow::NoticeAct::acknowledge;
  const bool timed = found.about.to > Instant();
  return Value::object({{"language_links", web::language_links(kPath, language)},
                        {"tenant", Value(found.tenant_name)},
                        {"admin", admin ? Value::yes() : Value::no()},
                        {"supplier", found.about.by == flow::ScopeBy::supplier ? Value::yes() : Value::no()},
                        {"from", timed ? Value(minute_of(found.about.from)) : Value::no()},
                        {"to", Value(minute_of(found.about.to))},
                        {"written", Value(minute_of(found.notice.prepared))},
                        {"scope", Value(found.scope)},
                        {"code", Value(code)},
                        {"read", read ? Value::yes() : Value::no()}});
}

}  // namespace

net::Reply NoticeFace::handle(const net::HttpRequest& request) {
  const std::string language = web::language_of(request);
  if (request.method == "GET") return show(request, language);
  if (request.method == "POST") return check(request, language);
  net::HttpResponse out = web::problem_page(language, "problem.malformed", {}, 405);
  out.headers.push_back({"allow", "GET, POST"});
  return out;
}

net::Reply NoticeFace::show(const net::HttpRequest& request, const std::string& language) {
  const Result<web::Fields> query = web::Fields::of_query(request);
  if (!query) return problem(language, query.error().code);
  if (const std::string_view wanted = query->get("lang"); !wanted.empty()) {
    return web::choose_language(std::string(kPath), wanted);
  }
  const Value values = Value::object({{"language_links", web::language_links(kPath, language)}});
  return web::page(templates_.render("prompt/notice", language, values));
}

net::Reply NoticeFace::check(const net::HttpRequest& request, const std::string& language) {
  if (!web::same_origin(request)) return problem(language, Errc::refused);
  const Result<web::Fields> form = web::Fields::of_form(request);
  if (!form) return problem(language, form.error().code);
  if (const int wait = pace_.count(request.peer, ports_.clock.now()); wait > 0) {
    net::HttpResponse out = problem(language, Errc::exhausted);
    out.headers.push_back({"retry-after", std::to_string(wait)});
    return out;
  }
  const std::string code(form->get("code").substr(0, kCodeMax));
  const auto act = form->get("read") == "yes" ? flow::NoticeAct::acknowledge : flow::NoticeAct::open;
  return net::Committing{[this, code, act, language](std::function<void(net::Reply)> send) {
    const auto told = [this, code, act, language,
                       send = std::move(send)](Result<std::optional<flow::CheckedNotice>> found) {
      if (!found) return send(problem(language, found.error().code));
      if (*found) {
        return send(
            web::page(templates_.render("prompt/notice-real", language, real_values(**found, code, act, language))));
      }
      const Value values = Value::object({{"language_links", web::language_links(kPath, language)}});
      send(web::page(templates_.render("prompt/notice-unknown", language, values)));
    };
    flow::check_notice(ports_, code, act, told);
  }};
}

}  // namespace countersign::notice
