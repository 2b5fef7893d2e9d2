#include "faces/device/page.h"

#include <string>
#include <utility>

#include "web/choice.h"
#include "web/form.h"
#include "web/qr.h"

namespace countersign::device {
namespace {

constexpr std::string_view kPrefix = "/activate/";
constexpr std::size_t kCodeMin = 8, kCodeMax = 64;

bool code_form(std::string_view code) {
  if (code.size() < kCodeMin || code.size() > kCodeMax) return false;
  for (const char c : code) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const bool fine = letter || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!fine) return false;
  }
  return true;
}

// What the query asks for; one that is none, as mail programs add them, asks for nothing.
std::string wanted_language(const net::HttpRequest& request) {
  const Result<web::Fields> query = web::Fields::of_query(request);
  return query ? std::string(query->get("lang")) : std::string();
}

net::HttpResponse draw(const web::Templates& templates, std::string_view name, const net::HttpRequest& request,
                       web::Value::Members values) {
  const std::string wanted = wanted_language(request);
  if (!wanted.empty()) return web::choose_language(request.path, wanted);
  const std::string language = web::language_of(request);
  values.emplace_back("tenant", web::Value::no());
  values.emplace_back("language_links", web::language_links(request.path, language));
  return web::still_page(templates.render(name, language, web::Value::object(std::move(values))));
}

}  // namespace

net::HttpResponse enrolment_page(const web::Templates& templates, const net::HttpRequest& request) {
  return draw(templates, "prompt/enroll", request, {});
}

Result<net::HttpResponse> activation_page(const web::Templates& templates, std::string_view public_url,
                                          const net::HttpRequest& request) {
  const std::string_view path = request.path;
  const std::string code(path.starts_with(kPrefix) ? path.substr(kPrefix.size()) : std::string_view());
  if (!code_form(code)) return Error{Errc::not_found, "not an activation link"};
  const std::string url = std::string(public_url) + std::string(kPrefix) + code;
  const web::QrOutline qr = TRY(web::qr_outline(url));
  const std::string side = std::to_string(qr.side);
  // The authenticator reads the code from the fragment, which is sent to no server and stands in no log.
  return draw(templates, "prompt/activation", request,
              {{"url", url},
               {"here", "/authenticator/#activate=" + code},
               {"qr_box", "0 0 " + side + " " + side},
               {"qr_path", qr.path}});
}

}  // namespace countersign::device
