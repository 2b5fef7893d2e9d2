#include "faces/device/page.h"

#include <initializer_list>
#include <string>
#include <utility>

#include "core/codec/base64.h"
#include "core/crypto/hash.h"
#include "faces/device/qr.h"

namespace countersign::device {
namespace {

constexpr std::size_t kCodeMin = 8, kCodeMax = 64;

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--ink:#16202b;--soft:#566475;--ground:#eef1f4;--card:#fff;--line:#d5dce3;--mark:#0b6b50}
@media(prefers-color-scheme:dark){
:root{--ink:#e8edf2;--soft:#9fadbb;--ground:#10161c;--card:#1a232c;--line:#32404d;--mark:#5fd0a8}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);color:var(--ink);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{width:100%;max-width:30rem;padding:clamp(1.25rem,5vw,2.25rem);background:var(--card);border:1px solid var(--line);
border-radius:1rem}
p{margin:.75rem 0}
.name{margin:0;color:var(--mark);font-weight:650;letter-spacing:.02em}
h1{margin:.25rem 0 .5rem;font-size:clamp(1.35rem,5vw,1.7rem);line-height:1.25;text-wrap:balance}
figure{margin:1.25rem auto;max-width:17rem;padding:.5rem;background:#fff;border:1px solid var(--line);
border-radius:.75rem}
img{display:block;width:100%;height:auto;image-rendering:pixelated}
h2{margin:1.5rem 0 .4rem;font-size:1rem}
code{display:block;padding:.7rem .8rem;border:1px solid var(--line);border-radius:.5rem;background:var(--ground);
font:.875rem/1.5 ui-monospace,"SF Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere;user-select:all}
.soft{color:var(--soft);font-size:.9rem}
)css";

constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<title>Set up your authenticator – Countersign</title>
<style>{{style}}</style>
</head>
<body>
<main>
<p class="name">Countersign</p>
<h1>Set up your authenticator</h1>
<p>Open the authenticator on your phone and scan this code. It works once.</p>
<figure><img src="{{image}}" alt="QR code of the activation link below" width="{{side}}" height="{{side}}"></figure>
<h2>Or paste the link</h2>
<code>{{link}}</code>
<h2>Or use the command line</h2>
<code>countersign authenticator activate {{link}} --store authenticator.json</code>
<p class="soft">Only open this page if you asked for it, and never pass the code or the link on: whoever uses it first
can confirm sign-ins in your name. If the authenticator refuses the code, ask for a new one.</p>
</main>
</body>
</html>
)html";

constexpr std::string_view kEnrolmentPage = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<title>You need a second factor – Countersign</title>
<style>{{style}}</style>
</head>
<body>
<main>
<p class="name">Countersign</p>
<h1>You need a second factor first</h1>
<p>Your account has no authenticator yet, so this sign-in stopped here. Nothing is wrong with your password.</p>
<h2>What to do</h2>
<p>Ask your help desk for an activation link, in person or on a number you already know. Open the link on the device
that shall confirm your sign-ins, then sign in again.</p>
<p class="soft">Nobody needs your password for this, and nobody will ask you for a code.</p>
</main>
</body>
</html>
)html";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out.push_back(c);
    }
  }
  return out;
}

// Puts each value, already HTML, in the place of its {{name}}; values are not looked through again.
std::string fill(std::string_view page, std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
  std::string out;
  while (!page.empty()) {
    const std::size_t open = page.find("{{");
    const std::size_t close = page.find("}}", open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    out.append(page.substr(0, open));
    const std::string_view name = page.substr(open + 2, close - open - 2);
    for (const auto& [key, value] : values) {
      if (key == name) out.append(value);
    }
    page.remove_prefix(close + 2);
  }
  return out.append(page);
}

bool code_form(std::string_view code) {
  if (code.size() < kCodeMin || code.size() > kCodeMax) return false;
  for (const char c : code) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const bool fine = letter || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!fine) return false;
  }
  return true;
}

// Nothing but the one style that the page was written with and the one image inside it.
std::string policy_header() {
  const Bytes digest = crypto::hash(crypto::HashKind::sha256, bytes_of(kStyle));
  return "default-src 'none'; img-src data:; style-src 'sha256-" + codec::to_base64(codec::Base64::padded, digest) +
         "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

// The width in a PNG's header (RFC 2083 §4.1.1), for the page to keep the room free.
std::string side_of(std::string_view png) {
  unsigned width = 0;
  for (std::size_t i = 16; i < 20; ++i) width = width << 8 | static_cast<unsigned char>(png.at(i));
  return std::to_string(width);
}

net::HttpResponse page_of(std::string body) {
  net::HttpResponse out;
  out.content_type = "text/html; charset=utf-8";
  out.body = std::move(body);
  out.headers = {{"content-security-policy", policy_header()},
                 {"cache-control", "no-store"},
                 {"referrer-policy", "no-referrer"},
                 {"x-content-type-options", "nosniff"},
                 {"x-frame-options", "DENY"},
                 {"x-robots-tag", "noindex"}};
  return out;
}

}  // namespace

net::HttpResponse enrolment_page() { return page_of(fill(kEnrolmentPage, {{"style", kStyle}})); }

Result<net::HttpResponse> activation_page(std::string_view public_url, std::string_view code) {
  if (!code_form(code)) return Error{Errc::not_found, "not an activation link"};
  const std::string link = std::string(public_url) + "/activate/" + std::string(code);
  const std::string png = TRY(qr_png(link));
  const std::string image = "data:image/png;base64," + codec::to_base64(codec::Base64::padded, bytes_of(png));
  return page_of(fill(kPage, {{"style", kStyle}, {"image", image}, {"side", side_of(png)}, {"link", escaped(link)}}));
}

}  // namespace countersign::device
