#include "server/cli_glass.h"

#include <vector>

#include "core/codec/json_read.h"
#include "core/codec/json_write.h"
#include "core/codec/share_text.h"

namespace countersign::server {
namespace {

constexpr std::size_t kShares = 2;

}  // namespace

Result<std::string> with_shares(const std::string& args, std::istream& in) {
  std::vector<std::string> shares;
  for (std::string line; shares.size() < kShares && std::getline(in, line);) {
    if (!line.empty()) shares.push_back(line.substr(0, codec::kShareTextMax));
  }
  const codec::Json json = TRY(codec::parse_json(args));
  codec::JsonWriter w;
  w.begin_object();
  for (const auto& [key, value] : json.members()) w.key(key).string(TRY(value.as_string()));
  w.key("shares").begin_array();
  for (const std::string& share : shares) w.string(share);
  return w.end_array().end_object().take();
}

}  // namespace countersign::server
