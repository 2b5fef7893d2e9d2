#include "faces/portal/problem.h"

#include <cstdlib>
#include <string>

#include "core/codec/json_write.h"
#include "web/page.h"

namespace countersign::portal {
namespace {

int status_of(Errc code) {
  switch (code) {
    case Errc::malformed: return 400;
    case Errc::refused: return 403;
    case Errc::not_found: return 404;
    case Errc::conflict: return 409;
    case Errc::exhausted: return 429;
    case Errc::unavailable: return 503;
  }
  std::abort();
}

// The message that says it.
std::string key_of(std::string_view language, const Error& error) {
  switch (error.code) {
    case Errc::refused: {
      const std::string reason = "reason." + error.what;
      return web::message(language, reason).empty() ? "problem.malformed" : reason;
    }
    case Errc::malformed:
    case Errc::not_found:
    case Errc::conflict: return "problem.malformed";
    case Errc::exhausted: return "problem.too_much";
    case Errc::unavailable: return "problem.unavailable";
  }
  std::abort();
}

net::HttpResponse json(int status, std::string body) {
  net::HttpResponse out;
  out.status = status;
  out.content_type = "application/json";
  out.body = std::move(body);
  out.headers = {{"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}};
  return out;
}

}  // namespace

net::HttpResponse problem(std::string_view language, const Error& error) {
  return web::problem_page(language, key_of(language, error), {}, status_of(error.code));
}

net::HttpResponse cross_site_problem(std::string_view language) {
  return web::problem_page(language, "problem.cross_site", {}, 403);
}

net::HttpResponse method_problem(std::string_view language, std::string_view allow) {
  net::HttpResponse out = web::problem_page(language, "problem.malformed", {}, 405);
  out.headers.push_back({"allow", std::string(allow)});
  return out;
}

net::HttpResponse json_problem(const Error& error) {
  codec::JsonWriter w;
  w.begin_object().key("error").string(name(error.code)).end_object();
  return json(status_of(error.code), w.take());
}

net::HttpResponse json_reply(bool changed) {
  codec::JsonWriter w;
  w.begin_object().key("changed").boolean(changed).end_object();
  return json(200, w.take());
}

}  // namespace countersign::portal
