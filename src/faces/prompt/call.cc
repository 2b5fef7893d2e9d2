#include "faces/prompt/call.h"

#include "core/codec/base64.h"
#include "core/codec/json_read.h"

namespace countersign::prompt {
namespace {

constexpr std::string_view kPrefix = "/prompt/";
constexpr std::size_t kProofMax = 2048;

Result<Bytes> bytes_member(const codec::Json& json, std::string_view key) {
  if (json.count(key) != 1) return Error{Errc::malformed, std::string(key) + " is wanted once"};
  return codec::from_base64(codec::Base64::url, TRY(json.find(key)->as_string()));
}

}  // namespace

Result<Target> parse_target(std::string_view path) {
  if (!path.starts_with(kPrefix)) return Error{Errc::not_found, "no such path"};
  path.remove_prefix(kPrefix.size());
  const std::size_t slash = path.find('/');
  Result<VisitId> visit = VisitId::parse(path.substr(0, slash));
  if (!visit) return Error{Errc::not_found, "no such path"};
  return Target{std::move(*visit), std::string(slash == std::string_view::npos ? "" : path.substr(slash + 1))};
}

std::string plain_passcode(std::string_view typed) {
  std::string out;
  for (const char c : typed) {
    if (c != ' ' && c != '-' && c != '\t') out.push_back(c);
  }
  return out;
}

Result<BrowserProof> read_browser_proof(std::string_view body) {
  const codec::Json json = TRY(codec::parse_json(body, kProofMax));
  BrowserProof out;
  out.public_key = TRY(bytes_member(json, "key"));
  out.signature = TRY(bytes_member(json, "signature"));
  const codec::Json* const shown = json.find("shown");
  if (shown) out.shown = TRY(shown->as_string());
  return out;
}

}  // namespace countersign::prompt
