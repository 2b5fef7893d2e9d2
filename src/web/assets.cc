// The files that tools/web.sh builds, as the program serves them.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>

#include "core/codec/hex.h"
#include "core/codec/json_read.h"
#include "core/crypto/hash.h"
#include "embedded/authenticator_files.h"
#include "embedded/prompt_files.h"
#include "embedded/reader_files.h"
#include "web/page.h"

namespace countersign::web {
namespace {

constexpr std::string_view kAssets = "/assets/", kAuthenticator = "/authenticator/";
constexpr std::string_view kHashedAuthenticator = "/authenticator/assets/";
constexpr std::string_view kReader = "/reader/", kReaderSetup = "/reader/setup/", kHashedReader = "/reader/assets/";
constexpr std::string_view kIndex = "index.html";
constexpr std::string_view kManifest = "manifest.json";
constexpr std::size_t kTagBytes = 12;

// The names that the manifest of web/prompt gives to what it was built from.
constexpr std::pair<std::string_view, std::string_view> kEntries[] = {
    {"prompt.js", "src/prompt.ts"},
    {"mark.svg", "src/mark.svg"},
};

struct Asset {
  std::string_view bytes;
  std::string_view type;
  std::string tag;      // RFC 9110 §8.8.3
  bool hashed = false;  // its name changes with its content
};

std::string_view type_of(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".webp", "image/webp"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".txt", "text/plain; charset=utf-8"},
  };
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

Asset asset_of(std::string_view path, std::string_view bytes) {
  const Bytes digest = crypto::hash(crypto::HashKind::sha256, bytes_of(bytes));
  const bool hashed = path.starts_with(kAssets) || path.starts_with(kHashedAuthenticator) ||
                      path.starts_with(kHashedReader);
  return {bytes, type_of(path), '"' + codec::to_hex(ByteView(digest).first(kTagBytes)) + '"', hashed};
}

const std::map<std::string, Asset, std::less<>>& assets() {
  static const auto kAll = [] {
    std::map<std::string, Asset, std::less<>> out;
    const auto add = [&out](std::string path, std::string_view bytes) { out.emplace(path, asset_of(path, bytes)); };
    for (const Embedded& file : embedded_prompt_files()) {
      if (file.name != kManifest) add(std::string(kAssets) + std::string(file.name), file.text);
    }
    for (const Embedded& file : embedded_authenticator_files()) {
      add(std::string(kAuthenticator) + std::string(file.name), file.text);
      if (file.name == "index.html") add(std::string(kAuthenticator), file.text);
    }
    for (const Embedded& file : embedded_reader_files()) {
      const std::string path = std::string(kReader) + std::string(file.name);
      add(path, file.text);
      // "…/index.html" is what its folder answers.
      if (!path.ends_with(kIndex)) continue;
      const std::string folder = path.substr(0, path.size() - kIndex.size());
      out.insert_or_assign(folder, out.at(path));
    }
    if (const auto shell = out.find(kAuthenticator); shell != out.end()) shell->second.type = type_of("index.html");
    return out;
  }();
  return kAll;
}

// "prompt.js" -> "/assets/prompt-3f2a.js"
std::map<std::string, std::string, std::less<>> read_manifest() {
  std::map<std::string, std::string, std::less<>> out;
  for (const Embedded& file : embedded_prompt_files()) {
    if (file.name != kManifest) continue;
    const Result<codec::Json> manifest = codec::parse_json(file.text);
    if (!manifest) break;
    const auto path = [](const codec::Json& name) {
      const Result<std::string_view> text = name.as_string();
      return std::string(kAssets) + std::string(text ? *text : std::string_view());
    };
    for (const auto& [entry, source] : kEntries) {
      const codec::Json* const built = manifest->find(source);
      const codec::Json* const name = built ? built->find("file") : nullptr;
      if (name) out.emplace(entry, path(*name));
      const codec::Json* const styles = built ? built->find("css") : nullptr;
      if (styles && !styles->items().empty()) out.emplace("prompt.css", path(styles->items().front()));
    }
  }
  return out;
}

// Of the authenticator's pages: scripts and workers of its own, the camera for QR codes, and the policies for
// Trusted Types that its framework and its worker make.
void add_shell_headers(net::HttpResponse& out) {
  out.headers.push_back(
      {"content-security-policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src blob:; "
       "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
       "frame-ancestors 'none'; require-trusted-types-for 'script'; "
       "trusted-types svelte-trusted-html countersign-worker"});
  out.headers.push_back({"x-frame-options", "DENY"});
  out.headers.push_back({"referrer-policy", "no-referrer"});
  out.headers.push_back({"cross-origin-opener-policy", "same-origin"});
  out.headers.push_back({"permissions-policy",
                         "camera=(self), publickey-credentials-get=(self), publickey-credentials-create=(self), "
                         "microphone=(), geolocation=(), payment=(), usb=()"});
  out.headers.push_back({"x-robots-tag", "noindex"});
}

// Of the reader's pages. The one that opens history has no way to the network; the other sends a key's public half.
void add_reader_headers(net::HttpResponse& out, std::string_view path) {
  const std::string connect = path.starts_with(kReaderSetup) ? "'self'" : "'none'";
  out.headers.push_back({"content-security-policy",
                         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " +
                             connect +
                             "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                             "require-trusted-types-for 'script'; trusted-types svelte-trusted-html"});
  out.headers.push_back({"x-frame-options", "DENY"});
  out.headers.push_back({"referrer-policy", "no-referrer"});
  out.headers.push_back({"cross-origin-opener-policy", "same-origin"});
  out.headers.push_back({"permissions-policy",
                         "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), "
                         "microphone=(), geolocation=(), payment=(), usb=()"});
  out.headers.push_back({"x-robots-tag", "noindex"});
}

// RFC 9110 §13.1.2: any of the listed tags, weak or strong, or "*".
bool same_as_cached(std::string_view if_none_match, std::string_view tag) {
  return if_none_match == "*" || if_none_match.find(tag) != std::string_view::npos;
}

// The folder whose path was asked for without its last slash.
std::optional<std::string_view> without_slash(std::string_view path) {
  for (const std::string_view folder : {kAuthenticator, kReader, kReaderSetup}) {
    if (path == folder.substr(0, folder.size() - 1)) return folder;
  }
  return std::nullopt;
}

net::HttpResponse problem(int status, std::string_view text) {
  net::HttpResponse out;
  out.status = status;
  out.content_type = "text/plain; charset=utf-8";
  out.body = text;
  out.headers = {{"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}};
  return out;
}

}  // namespace

bool serves_asset(std::string_view path) {
  return path.starts_with(kAssets) || path.starts_with(kAuthenticator) || path.starts_with(kReader) ||
         without_slash(path).has_value();
}

net::HttpResponse asset(const net::HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    net::HttpResponse out = problem(405, "Use GET here.\n");
    out.headers.push_back({"allow", "GET, HEAD"});
    return out;
  }
  if (const auto folder = without_slash(request.path)) return see_other(std::string(*folder));
  const auto found = assets().find(request.path);
  if (found == assets().end()) return problem(404, "There is nothing at this path.\n");
  const Asset& file = found->second;
  net::HttpResponse out;
  out.headers = {{"etag", file.tag},
                 {"cache-control", file.hashed ? "public, max-age=31536000, immutable" : "no-cache"},
                 {"x-content-type-options", "nosniff"},
                 {"cross-origin-resource-policy", "same-origin"}};
  if (file.type.starts_with("text/html")) {
    request.path.starts_with(kReader) ? add_reader_headers(out, request.path) : add_shell_headers(out);
  }
  // A worker is held to the policy it came with (CSP 3 §4.2), and may rule its own folder only.
  if (request.path == "/authenticator/sw.js") {
    out.headers.push_back({"service-worker-allowed", std::string(kAuthenticator)});
    out.headers.push_back({"content-security-policy", "default-src 'none'; script-src 'self'; connect-src 'self'"});
  }
  if (same_as_cached(request.header("if-none-match"), file.tag)) {
    out.status = 304;
    return out;
  }
  out.content_type = file.type;
  out.body = file.bytes;
  return out;
}

std::string_view asset_path(std::string_view entry) {
  static const auto kPaths = read_manifest();
  const auto found = kPaths.find(entry);
  return found == kPaths.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace countersign::web
