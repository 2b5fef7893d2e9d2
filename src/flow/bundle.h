// What a tenant is handed after an incident: its exposed rows, still sealed, the reads with their proofs, letters, and
// what a regulator asks, under one signed manifest (docs/protocols/bundle.md). It names no other tenant.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/identity/tenant.h"
#include "core/ledger/note.h"
#include "flow/scope_people.h"
#include "store/epochs.h"

namespace countersign::flow {

inline constexpr std::string_view kManifestKey = "/bundle";  // follows the log's origin in the name of the key
inline constexpr std::uint64_t kRowsAFile = 50'000;

// What letters are written from.
struct BundleFacts {
  const Scope& scope;
  const ExposedTenant& exposed;
  Tenant tenant;
  store::Custody custody = store::Custody::service;
  std::optional<ExposedPeople> people{};  // where they could be opened
  std::string people_unknown{};           // why not
  Instant made{};
};

struct BundleFile {
  std::string path;  // within the tenant's directory
  std::string content;
};
// The people are opened for it, which is a reading.   not_found: the tenant is gone.
Result<BundleFacts> facts_of(const Administration& by, const Scope& scope, const ExposedTenant& exposed);

using WriteLetters = std::function<Result<std::vector<BundleFile>>(const BundleFacts& facts)>;
// Takes one file of a tenant. Errors pass.
using OnBundleFile = std::function<Result<void>(const TenantId& tenant, const BundleFile& file)>;

struct BundleQuery {
  std::string scope;
  std::optional<TenantId> tenant{};  // nullopt: all that the scope names
};

// Bundle by bundle, the manifest of each last; `done` after each. The rows are in the tenant's ledger before they
// leave; being sealed they cost no budget, opening them for users.csv does. not_found: no such scope, or it does not
// name that tenant.   unavailable: a read is in no published head yet.
Result<void> each_bundle(const Administration& by, const BundleQuery& query, const WriteLetters& letters,
                         const OnBundleFile& on_file);

// The regulator's draft: every field of GDPR Art. 33(3), and the clocks.
std::string regulator_json(const BundleFacts& facts);

}  // namespace countersign::flow
