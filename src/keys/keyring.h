// The keyring (security.md §1.3, §1.6): month keys of tenants, private halves of tenants' key pairs, and the seed of
// the ledger's key, in a directory of their own that ordinary backups leave out. Month keys are random, never derived,
// so that one can be destroyed. Several processes may share the directory; what one writes, the others read.
//
//   2026-11.keys   the tenants' keys of that month      tenants.keys   X25519 private halves, the newest last
//   ledger.keys    the Ed25519 seed                     releases.log   keys given out (releases.h)
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "core/base/id.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "keys/folder.h"
#include "keys/key_file.h"

namespace countersign::keys {

inline constexpr std::size_t kMonthsLoadedMax = 3;
inline constexpr std::size_t kTenantKeysMax = 1024;  // generations of one tenant's pair

// "2026-03", of the years 1970 to 9999.
bool is_month(std::string_view text);

// Thread-safe. Every call: unavailable when the directory cannot be read or written, and nothing is used that is not
// durable; refused when a file is damaged or belongs to another root key; malformed when a month is none.
class Keyring {
  Folder folder_;
  HeadKeys roots_;
  Random& random_;
  std::list<KeyFile> months_;  // the ones in memory, last used first; guarded by the folder's lock, as what follows
  KeyFile tenants_, ledger_;

 public:
  // `roots`, newest first: at least one. Reads and makes nothing yet. `random` must outlive the object.
  Keyring(std::string folder, HeadKeys roots, Random& random);

  // Makes the directory where it is missing, opens it, and ends what a crash left undone. Not needed before other
  // calls; a process that gives its rights up calls it before.
  Result<void> prepare();
  // The directory; open after prepare().
  Folder& folder() { return folder_; }

  // not_found: there is none, or it was destroyed.
  Result<Secret> month_key(const TenantId& tenant, const std::string& month);
  // The same, made where there is none. Of two processes that make it at once both get the same.
  // refused: it was destroyed.
  Result<Secret> make_month_key(const TenantId& tenant, const std::string& month);
  // Another node's key of that month, in place of one's own.   refused: it was destroyed.
  Result<void> put_month_key(const TenantId& tenant, const std::string& month, const Secret& key);
  // Makes what is missing for all of them, in one write.
  Result<void> prepare_month(const std::string& month, const std::vector<TenantId>& tenants);
  // Destroys it: the file is written anew under a fresh file key without it, and the old bytes are overwritten. The
  // month is not made again for that tenant.   not_found: there is none.
  Result<void> shred_month(const TenantId& tenant, const std::string& month);
  // Months whose key is there, oldest first.
  Result<std::vector<std::string>> months_of(const TenantId& tenant);

  Result<void> add_tenant_key(const TenantId& tenant, const Secret& scalar);
  // Newest first; empty: none.
  Result<std::vector<Secret>> tenant_keys(const TenantId& tenant);
  // As thoroughly as shred_month.
  Result<void> forget_tenant_keys(const TenantId& tenant);

  // Made on first use.
  Result<Secret> ledger_seed();
  // Another node's, in place of one's own.
  Result<void> put_ledger_seed(const Secret& seed);

  // Takes another list of root keys and writes every file anew whose head is not under the newest. Answers how many.
  Result<std::size_t> rewrap(HeadKeys roots);

  // Bytes in memory for the months that are loaded.
  std::size_t memory();

 private:
  Result<KeyFile*> month_file(const std::string& month);
  Result<Secret> find_month_key(KeyFile& file, const TenantId& tenant);
  // With the lock held and the file refreshed: the one key of that name.
  Result<void> put(KeyFile& file, const std::string& name, const Secret& key);
  Result<std::vector<std::string>> key_files();
};

}  // namespace countersign::keys
