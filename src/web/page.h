// Pages that people see: templates and messages embedded in the program, filled and sent with strict headers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "net/http.h"

namespace countersign::web {

// What a template is filled with: text (always escaped), lists of such values (repeat a section), or yes/no.
class Value {
 public:
  using Members = std::vector<std::pair<std::string, Value>>;
  Value(std::string text) : text_(std::move(text)) {}
  Value(const char* text) : text_(text) {}
  Value(std::int64_t number) : text_(std::to_string(number)) {}
  Value(int number) : text_(std::to_string(number)) {}
  static Value object(Members members);
  static Value list(std::vector<Value> items);
  static Value yes();
  static Value no() { return Value(std::string()); }

  bool truthy() const { return !text_.empty() || !members_.empty() || !items_.empty(); }
  const std::string& text() const { return text_; }
  const Value* find(std::string_view name) const;
  const std::vector<Value>& items() const { return items_; }
  const Members& members() const { return members_; }

 private:
  std::string text_;
  Members members_;
  std::vector<Value> items_;
};

// Mustache without what glues raw HTML: {{name}}, {{#section}}…{{/section}}, {{^inverted}}…, {{>partial}}, {{!…}}.
// {{t.key}} is the message of that key in the page's language; its {placeholders} are filled from the same values.
// There is no unescaped form: a value stands in text or in a quoted attribute, and what begins an address (href, src,
// action) and names another scheme than http or https becomes "#".
// malformed, found at start: a section that is not closed, an unknown partial or message, a value in any other place.
class Templates {
 public:
  static Result<Templates> load();  // the embedded ones
  // `name` such as "prompt/choose"; `language` one of languages(). Every template also knows {{language}},
  // {{direction}}, {{style}}, {{script}} and {{icon}}.
  std::string render(std::string_view name, std::string_view language, const Value& values) const;

 private:
  struct Tree;
  std::shared_ptr<const Tree> tree_;  // shared: copies of Templates read the same trees
};

// "en", "fr", "de", "es", "ja", "ar".
const std::vector<std::string>& languages();
// The best of languages() for `wanted` (a choice the person made, or empty) and an Accept-Language (RFC 9110 §12.5.4).
std::string language_for(std::string_view wanted, std::string_view accept_language);
std::string_view direction(std::string_view language);  // "ltr", "rtl"
std::string message(std::string_view language, std::string_view key);

// Where forms of this page may lead besides ourselves: the application's origin (CSP form-action follows redirects).
struct PageOptions {
  int status = 200;
  std::string form_action;  // an origin; empty: 'self' alone
};
// An HTML reply: CSP without inline script or style, frame-ancestors 'none', no-store, nosniff, COOP. The referrer
// stays with us ("same-origin"; under "no-referrer" browsers send our own forms with `Origin: null`).
net::HttpResponse page(std::string html, const PageOptions& options = {});
// A page that only says something, made with {{>still}} for a head: no script runs in it, no form leaves it, and its
// address, which may be a secret, goes nowhere ("no-referrer").
net::HttpResponse still_page(std::string html);

// What went wrong, with what to do next and a number to quote. `cause`: a message key ("problem.gone"; its heading
// is "<key>_title" where there is one), or else a sentence, shown as it is. `reference` may be empty.
net::HttpResponse problem_page(std::string_view language, std::string_view cause, std::string_view reference,
                               int status = 400);

// Built files of web/ under their hashed names: scripts, styles, images; and the authenticator's shell.
bool serves_asset(std::string_view path);  // "/assets/…", "/authenticator/…"
net::HttpResponse asset(const net::HttpRequest& request);
// "/assets/prompt-3f2a.js": the hashed path of an entry ("prompt.js", "prompt.css").
std::string_view asset_path(std::string_view entry);

// Cookies (RFC 6265bis): only ours are looked at.
std::string cookie(const net::HttpRequest& request, std::string_view name);  // empty: none, or twice
enum class SameSite { lax, strict };
net::Header set_cookie(std::string_view name, std::string_view value, seconds lifetime, SameSite same_site);
net::Header drop_cookie(std::string_view name);

// 303 to a place (already a valid URL).
net::HttpResponse see_other(std::string location);

}  // namespace countersign::web
