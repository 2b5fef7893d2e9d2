#include "faces/health/health.h"

#include <string>
#include <utility>

#include "core/codec/base64.h"
#include "core/codec/json_write.h"
#include "core/crypto/hash.h"

namespace countersign::health {
namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--ink:#16202b;--soft:#566475;--ground:#eef1f4;--mark:#0b6b50}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#9fadbb;--ground:#10161c;--mark:#5fd0a8}}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);color:var(--ink);
font:1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:30rem}
h1{margin:0;color:var(--mark);font-size:1.7rem}
p{margin:.6rem 0}
.soft{color:var(--soft);font-size:.9rem}
)css";

constexpr std::string_view kBeforeStyle = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Countersign</title>
<style>)html";

constexpr std::string_view kBeforeVersion = R"html(</style>
</head>
<body>
<main>
<h1>Countersign</h1>
<p>Multi-factor authentication for this organisation is answered here. There is nothing to do on this page: sign in
where you meant to, and confirm on your phone.</p>
<p class="soft">Setting up a client or an authenticator? The operator's manual, README.md and docs/ of the installation,
says how.</p>
<p class="soft">Version )html";

constexpr std::string_view kAfterVersion = R"html(</p>
</main>
</body>
</html>
)html";

net::HttpResponse json(int status, std::string body) {
  net::HttpResponse out;
  out.status = status;
  out.content_type = "application/json";
  out.body = std::move(body);
  out.headers = {{"cache-control", "no-store"}};
  return out;
}

net::HttpResponse ready(const flow::Ports& ports) {
  const bool store = ports.store.ping().has_value();
  const bool keys = ports.keys.token_digest("readyz", Secret("readyz")).has_value();
  codec::JsonWriter w;
  w.begin_object();
  w.key("status").string(store && keys ? "ready" : "unavailable");
  const bool room = ports.store.room().space == store::Space::enough;
  w.key("store").string(!store ? "away" : room ? "ok" : "short of room");
  w.key("keys").string(keys ? "ok" : "away");
  w.end_object();
  net::HttpResponse out = json(store && keys ? 200 : 503, w.take());
  if (out.status == 503) out.headers.push_back({"retry-after", "1"});
  return out;
}

net::HttpResponse live(std::string_view version) {
  codec::JsonWriter w;
  w.begin_object().key("status").string("up").key("version").string(version).end_object();
  return json(200, w.take());
}

net::HttpResponse landing(std::string_view version) {
  net::HttpResponse out;
  out.content_type = "text/html; charset=utf-8";
  out.body.append(kBeforeStyle).append(kStyle).append(kBeforeVersion).append(version).append(kAfterVersion);
  const Bytes digest = crypto::hash(crypto::HashKind::sha256, bytes_of(kStyle));
  out.headers = {{"content-security-policy",
                  "default-src 'none'; style-src 'sha256-" + codec::to_base64(codec::Base64::padded, digest) +
                      "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
                 {"cache-control", "no-cache"},
                 {"referrer-policy", "no-referrer"},
                 {"x-content-type-options", "nosniff"},
                 {"x-frame-options", "DENY"}};
  return out;
}

}  // namespace

bool serves(std::string_view path) { return path == "/" || path == "/healthz" || path == "/readyz"; }

net::HttpResponse serve(const flow::Ports& ports, std::string_view version, const net::HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    net::HttpResponse out = json(405, R"({"status":"use GET"})");
    out.headers.push_back({"allow", "GET, HEAD"});
    return out;
  }
  if (request.path == "/healthz") return live(version);
  if (request.path == "/readyz") return ready(ports);
  return landing(version);
}

}  // namespace countersign::health
