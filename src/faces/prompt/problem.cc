#include "faces/prompt/problem.h"

#include <cstdlib>

#include "core/codec/json_write.h"
#include "web/page.h"

namespace countersign::prompt {
namespace {

struct Told {
  int status;
  std::string_view key;  // of the message
};

Told told(Errc code) {
  switch (code) {
    case Errc::malformed: return {400, "problem.malformed"};
    case Errc::refused: return {403, "problem.malformed"};
    case Errc::not_found: return {404, "problem.gone"};
    case Errc::conflict: return {409, "problem.gone"};
    case Errc::exhausted: return {429, "problem.too_much"};
    case Errc::unavailable: return {503, "problem.unavailable"};
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
  const Told what = told(error.code);
  return web::problem_page(language, what.key, {}, what.status);
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
  return json(told(error.code).status, w.take());
}

net::HttpResponse json_reply(bool changed) {
  codec::JsonWriter w;
  w.begin_object().key("changed").boolean(changed).end_object();
  return json(200, w.take());
}

}  // namespace countersign::prompt
