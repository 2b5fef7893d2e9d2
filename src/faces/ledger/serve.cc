#include "faces/ledger/serve.h"

#include <utility>

#include "core/ledger/tiles.h"
#include "flow/ledger_tokens.h"
#include "flow/read_ledger.h"

namespace countersign::ledger_face {
namespace {

constexpr std::string_view kPrefix = "/ledger/", kTenant = "tenant/", kCheckpoint = "checkpoint";
constexpr std::string_view kBearer = "Bearer ";
constexpr std::size_t kTokenMax = 128;
// A tenant that follows its tree must not make it grow at each look, so a token's reading is an event once in an hour.
constexpr std::chrono::hours kNotedFor{1};
constexpr std::size_t kNotedMax = 100'000;

enum class Share { everyone, one };  // who may keep a copy on the way

net::HttpResponse text(int status, std::string body) {
  return {.status = status,
          .content_type = "text/plain; charset=utf-8",
          .body = std::move(body),
          .headers = {{"cache-control", "no-store"}, {"x-content-type-options", "nosniff"}}};
}

net::HttpResponse not_found() { return text(404, "Not found.\n"); }

// One refusal, whatever its cause.
net::HttpResponse problem(const Error& error) {
  switch (error.code) {
    case Errc::unavailable:
    case Errc::conflict:
    case Errc::exhausted: {
      net::HttpResponse out = text(503, "Unavailable.\n");
      out.headers.push_back({"retry-after", "1"});
      return out;
    }
    case Errc::malformed:
    case Errc::refused:
    case Errc::not_found: return not_found();
  }
  return not_found();
}

// A full tile never changes; a partial one gives way to a wider one (tlog-tiles, Tiles).
std::string caching(Share share, const ledger::Tile& tile) {
  const std::string who = share == Share::everyone ? "public" : "private";
  return who + (tile.width == ledger::kTileWidth ? ", max-age=31536000, immutable" : ", max-age=3600");
}

net::HttpResponse checkpoint(const flow::Ports& ports, std::string_view tree) {
  Result<store::StoredCheckpoint> newest = flow::newest_checkpoint(ports, tree);
  if (!newest) return problem(newest.error());
  net::HttpResponse out = text(200, std::move(newest->note));
  out.headers.front().value = "no-cache";
  return out;
}

net::HttpResponse tile(const flow::Ports& ports, std::string_view tree, Share share, const ledger::Tile& wanted) {
  const Result<Bytes> content = flow::ledger_tile(ports, tree, wanted);
  if (!content) return problem(content.error());
  return {.status = 200,
          .content_type = "application/octet-stream",
          .body = std::string(text_of(*content)),
          .headers = {{"cache-control", caching(share, wanted)}, {"x-content-type-options", "nosniff"}}};
}

net::HttpResponse everyones(const flow::Ports& ports, std::string_view path) {
  if (path == kCheckpoint) return checkpoint(ports, flow::kGlobalTree);
  const Result<ledger::Tile> wanted = ledger::parse_tile_path(path);
  if (!wanted || !wanted->level) return not_found();  // the global tree's entries name tenants
  return tile(ports, flow::kGlobalTree, Share::everyone, *wanted);
}

net::HttpResponse one_tenants(const flow::Ports& ports, std::string_view tree, std::string_view path) {
  if (path == kCheckpoint) return checkpoint(ports, tree);
  const Result<ledger::Tile> wanted = ledger::parse_tile_path(path);
  return wanted ? tile(ports, tree, Share::one, *wanted) : not_found();
}

}  // namespace

bool serves(std::string_view path) { return path.starts_with(kPrefix); }

net::Reply LedgerFace::handle(const net::HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    net::HttpResponse out = text(405, "Only GET.\n");
    out.headers.push_back({"allow", "GET, HEAD"});
    return out;
  }
  std::string_view path = request.path;
  path.remove_prefix(kPrefix.size());
  return path.starts_with(kTenant) ? tenants(request, path.substr(kTenant.size())) : everyones(ports_, path);
}

net::Reply LedgerFace::tenants(const net::HttpRequest& request, std::string_view path) {
  const std::size_t slash = path.find('/');
  std::string_view given = request.header("authorization");
  if (slash == path.npos || !given.starts_with(kBearer) || given.size() > kTokenMax) return not_found();
  given.remove_prefix(kBearer.size());
  const auto token = flow::check_ledger_token(ports_, Secret(given), path.substr(0, slash));
  if (!token) return problem(token.error());
  net::HttpResponse answer = one_tenants(ports_, token->tenant.text(), path.substr(slash + 1));
  if (answer.status != 200 || noted(token->id)) return answer;
  return net::Committing{[this, token = *token, answer = std::move(answer), ip = request.peer](auto done) {
    flow::record_ledger_reading(ports_, token, ip, [this, id = token.id, answer, done](const Result<void>& recorded) {
      if (!recorded) return done(problem(Error{Errc::unavailable, {}}));
      note(id);
      done(answer);
    });
  }};
}

bool LedgerFace::noted(const std::string& token) {
  const std::lock_guard lock(mutex_);
  const auto found = noted_.find(token);
  const Instant now = ports_.clock.now();
  return found != noted_.end() && found->second <= now && now < found->second + kNotedFor;
}

void LedgerFace::note(const std::string& token) {
  const std::lock_guard lock(mutex_);
  if (noted_.size() >= kNotedMax) noted_.clear();  // they are written down again
  noted_[token] = ports_.clock.now();
}

}  // namespace countersign::ledger_face
