#include "web/page.h"

#include <algorithm>
#include <utility>

namespace countersign::web {
namespace {

// An origin as CSP can name it; anything else is left out rather than let into the header.
bool can_stand_in_policy(std::string_view origin) {
  return (origin.starts_with("https://") || origin.starts_with("http://")) &&
         std::all_of(origin.begin(), origin.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  std::string_view(":/.-[]").find(c) != std::string_view::npos;
         });
}

std::string content_policy(const PageOptions& options) {
  std::string out =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
      "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; form-action 'self'";
  if (can_stand_in_policy(options.form_action)) out += " " + options.form_action;
  return out;
}

constexpr std::string_view kStillPolicy =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// Shown once, to say a problem; parsed at the first.
const Templates* own_templates() {
  static const Result<Templates> kTemplates = Templates::load();
  return kTemplates ? &*kTemplates : nullptr;
}

}  // namespace

net::HttpResponse page(std::string html, const PageOptions& options) {
  net::HttpResponse out;
  out.status = options.status;
  out.content_type = "text/html; charset=utf-8";
  out.body = std::move(html);
  out.headers = {
      {"content-security-policy", content_policy(options)},
      {"cache-control", "no-store"},
      {"x-content-type-options", "nosniff"},
      {"x-frame-options", "DENY"},
      {"referrer-policy", "same-origin"},
      // Applications sign in within a popup, too, and want to hear of it afterwards.
      {"cross-origin-opener-policy", options.form_action.empty() ? "same-origin" : "unsafe-none"},
      {"cross-origin-resource-policy", "same-origin"},
      {"permissions-policy",
       "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), "
       "geolocation=(), payment=(), usb=()"},
      {"x-robots-tag", "noindex"},
      {"vary", "accept-language, cookie"},
  };
  if (options.status == 503) out.headers.push_back({"retry-after", "5"});
  return out;
}

net::HttpResponse still_page(std::string html) {
  net::HttpResponse out = page(std::move(html));
  for (net::Header& header : out.headers) {
    if (header.name == "content-security-policy") header.value = kStillPolicy;
    if (header.name == "referrer-policy") header.value = "no-referrer";
  }
  return out;
}

net::HttpResponse problem_page(std::string_view language, std::string_view cause, std::string_view reference,
                               int status) {
  const std::string key(cause);
  const std::string known = message(language, key);
  const std::string title = message(language, key + "_title");
  const Value values = Value::object({
      {"heading", title.empty() ? message(language, "problem.title") : title},
      {"cause", known.empty() ? key : known},
      {"reference", std::string(reference)},
  });
  const Templates* const templates = own_templates();
  PageOptions options;
  options.status = status;
  return page(templates ? templates->render("prompt/problem", language, values) : std::string(), options);
}

net::HttpResponse see_other(std::string location) {
  net::HttpResponse out;
  out.status = 303;
  out.headers = {{"location", std::move(location)}, {"cache-control", "no-store"}, {"referrer-policy", "same-origin"}};
  return out;
}

}  // namespace countersign::web
