// Bundles, file by file and piece by piece; the command line writes them down.
#include <algorithm>

#include "core/codec/base64.h"
#include "core/codec/json_write.h"
#include "faces/control/breach.h"
#include "faces/control/letters.h"

namespace countersign::control {
namespace {

constexpr std::size_t kPieceBytes = 512 * 1024;  // in base64 they fit into a line

bool put(const Call& call, const std::string& path, std::string_view content) {
  for (;;) {
    const std::string_view piece = content.substr(0, kPieceBytes);
    content.remove_prefix(piece.size());
    codec::JsonWriter w;
    w.begin_object().key("path").string(path);
    w.key("base64").string(codec::to_base64(codec::Base64::padded, bytes_of(piece)));
    if (!call.row(w.key("last").boolean(content.empty()).end_object().take())) return false;
    if (content.empty()) return true;
  }
}

Result<void> bundle(const Call& call) {
  flow::BundleQuery query;
  query.scope = TRY(call.args.text("scope"));
  query.tenant = TRY(maybe_tenant(call));
  return flow::each_bundle(call.by, query, write_letters,
                           [&](const TenantId& tenant, const flow::BundleFile& file) -> Result<void> {
                             if (put(call, tenant.text() + "/" + file.path, file.content)) return {};
                             return Error{Errc::unavailable, "nobody listens any more"};
                           });
}

}  // namespace

std::vector<Command> bundle_commands() {
  return {
      {.words = "incident bundle",
       .touch = kReads,
       .meaning = "Write a folder for each tenant of a scope: rows still sealed, reads with proofs, letters",
       .arguments = {{"scope", Shape::option, Need::required, "The scope's id"},
                     {"out", Shape::option, Need::required, "A folder that is not there yet"},
                     kWithinTenant},
       .rows = Rows::raw,
       .run = bundle},
  };
}

}  // namespace countersign::control
