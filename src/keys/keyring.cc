#include "keys/keyring.h"

#include <string.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/crypto/equal.h"

namespace countersign::keys {
namespace {

constexpr std::string_view kEnd = ".keys";
constexpr std::string_view kOldEnd = ".keys.old";
constexpr const char* kLedger = "ledger";

Error no_month() { return {Errc::malformed, "a month is written 2026-03"}; }
Error no_key() { return {Errc::not_found, "the keyring has no key of that tenant and month"}; }

std::string file_of(const std::string& month) { return month + std::string(kEnd); }

KeyFile::Entry fresh(std::string name, Random& random) {
  Bytes key = random_bytes(random, kFileSecretSize);
  KeyFile::Entry out{Records::Sort::key, std::move(name), Secret(ByteView(key))};
  ::explicit_bzero(key.data(), key.size());
  return out;
}

}  // namespace

bool is_month(std::string_view text) {
  if (text.size() != 7 || text[4] != '-') return false;
  for (const std::size_t i : {0u, 1u, 2u, 3u, 5u, 6u}) {
    if (text[i] < '0' || text[i] > '9') return false;
  }
  return text >= "1970-01" && text.substr(5) >= "01" && text.substr(5) <= "12";
}

Keyring::Keyring(std::string folder, HeadKeys roots, Random& random)
    : folder_(std::move(folder)),
      roots_(std::move(roots)),
      random_(random),
      tenants_("tenants.keys", roots_),
      ledger_("ledger.keys", roots_) {}

Result<void> Keyring::prepare() {
  TRY(folder_.prepare());
  const Folder::Lock lock = TRY(folder_.lock(Folder::For::writing));
  for (const std::string& name : TRY(folder_.names())) {
    if (!name.ends_with(kOldEnd)) continue;
    TRY(folder_.finish_replacing(name.substr(0, name.size() - (kOldEnd.size() - kEnd.size()))));
  }
  return {};
}

// With the lock held.
Result<KeyFile*> Keyring::month_file(const std::string& month) {
  if (!is_month(month)) return no_month();
  const auto known = std::ranges::find(months_, file_of(month), &KeyFile::name);
  if (known != months_.end()) {
    months_.splice(months_.begin(), months_, known);
  } else {
    months_.emplace_front(file_of(month), roots_);
    if (months_.size() > kMonthsLoadedMax) months_.pop_back();
  }
  TRY(months_.front().refresh(folder_));
  return &months_.front();
}

Result<Secret> Keyring::find_month_key(KeyFile& file, const TenantId& tenant) {
  const std::vector<Records::Record> found = file.records().find(tenant.text());
  if (found.empty()) return no_key();
  switch (found.front().sort) {
    case Records::Sort::key: return file.open(found.front());
    case Records::Sort::destroyed: return Error{Errc::refused, "the key of that month was destroyed"};
  }
  return no_key();
}

Result<Secret> Keyring::month_key(const TenantId& tenant, const std::string& month) {
  if (!is_month(month)) return no_month();
  const Folder::Lock lock = TRY(folder_.lock(Folder::For::reading));
  KeyFile* file = TRY(month_file(month));
  const std::vector<Records::Record> found = file->records().find(tenant.text());
  if (found.empty() || found.front().sort == Records::Sort::destroyed) return no_key();
  return file->open(found.front());
}

Result<Secret> Keyring::make_month_key(const TenantId& tenant, const std::string& month) {
  if (!is_month(month)) return no_month();
  {
    Result<Folder::Lock> lock = folder_.lock(Folder::For::reading);
    if (lock) {
      Result<Secret> key = find_month_key(*TRY(month_file(month)), tenant);
      if (key || key.error().code != Errc::not_found) return key;
    } else if (lock.error().code != Errc::not_found) {
      return lock.error();
    }
  }
  const Folder::Lock lock = TRY(folder_.lock(Folder::For::writing));
  KeyFile* file = TRY(month_file(month));
  Result<Secret> key = find_month_key(*file, tenant);  // somebody else may have been faster
  if (key || key.error().code != Errc::not_found) return key;
  std::vector<KeyFile::Entry> entries;
  entries.push_back(fresh(tenant.text(), random_));
  TRY(file->append(folder_, entries, random_));
  return find_month_key(*file, tenant);
}

Result<void> Keyring::put(KeyFile& file, const std::string& name, const Secret& key) {
  const std::vector<Records::Record> found = file.records().find(name);
  if (!found.empty() && found.front().sort == Records::Sort::destroyed) {
    return Error{Errc::refused, "the key of that month was destroyed"};
  }
  if (!found.empty() && crypto::equal(TRY(file.open(found.front())).reveal_bytes(), key.reveal_bytes())) return {};
  KeyFile::Entry entry{Records::Sort::key, name, Secret(key.reveal_bytes())};
  if (!found.empty()) return file.rewrite(folder_, {name, std::move(entry)}, random_);
  std::vector<KeyFile::Entry> entries;
  entries.push_back(std::move(entry));
  return file.append(folder_, entries, random_);
}

Result<void> Keyring::put_month_key(const TenantId& tenant, const std::string& month, const Secret& key) {
  if (!is_month(month)) return no_month();
  const Folder::Lock lock = TRY(folder_.lock(Folder::For::writing));
  return put(*TRY(month_file(month)), tenant.text(), key);
}

Result<void> Keyring::put_ledger_seed(const Secret& seed) {
  const Folder::Lock lock = TRY(folder_.lock(Folder::For::writing));
  TRY(ledger_.refresh(folder_));
  return put(ledger_, kLedger, seed);
}

Result<void> Keyring::prepare_month(const std::string& month, const std::vector<TenantId>& tenants) {
  if (!is_month(month)) return no_month();
  const Folder::Lock lock = TRY(folder_.lock(Folder::For::writing));
  KeyFile* file = TRY(month_file(month));
  std::vector<KeyFile::Entry> entries;
  std::set<std::string_view> seen;
  for (const TenantId& tenant : tenants) {
    if (!seen.insert(tenant.text()).second || !file->records().find(tenant.text()).empty()) continue;
    entries.push_back(fresh(tenant.text(), random_));
  }
  return file->append(folder_, entries, random_);
}

Result<void> Keyring::shred_month(const TenantId& tenant, const std::string& month) {
  if (!is_month(month)) return no_month();
  const Folder::Lock lock = TRY(folder_.lock(Folder::For::writing));
  // A destruction that was cut short is ended by asking again.
  const bool ended = TRY(folder_.finish_replacing(file_of(month)));
  KeyFile* file = TRY(month_file(month));
  const std::vector<Records::Record> found = file->records().find(tenant.text());
  if (found.empty()) return no_key();
  if (found.front().sort == Records::Sort::destroyed) return ended ? Result<void>() : Result<void>(no_key());
  return file->rewrite(folder_, {tenant.text(), KeyFile::Entry{Records::Sort::destroyed, tenant.text(), Secret()}},
                       random_);
}

Result<std::vector<std::string>> Keyring::key_files() {
  std::vector<std::string> out;
  for (std::string& name : TRY(folder_.names())) {
    if (name.ends_with(kEnd)) out.push_back(std::move(name));
  }
  return out;
}

Result<std::vector<std::string>> Keyring::months_of(const TenantId& tenant) {
  Result<Folder::Lock> lock = folder_.lock(Folder::For::reading);
  if (!lock && lock.error().code == Errc::not_found) return std::vector<std::string>();
  if (!lock) return lock.error();
  std::vector<std::string> out;
  for (const std::string& name : TRY(key_files())) {
    const std::string month = name.substr(0, name.size() - kEnd.size());
    if (!is_month(month)) continue;
    KeyFile file(name, roots_);  // beside the ones in memory, which stay
    TRY(file.refresh(folder_));
    const std::vector<Records::Record> found = file.records().find(tenant.text());
    if (!found.empty() && found.front().sort == Records::Sort::key) out.push_back(month);
  }
  return out;
}

Result<void> Keyring::add_tenant_key(const TenantId& tenant, const Secret& scalar) {
  const Folder::Lock lock = TRY(folder_.lock(Folder::For::writing));
  TRY(tenants_.refresh(folder_));
  if (tenants_.records().find(tenant.text()).size() >= kTenantKeysMax) {
    return Error{Errc::exhausted, "this tenant's key pair was replaced 1,024 times"};
  }
  std::vector<KeyFile::Entry> entries;
  entries.push_back({Records::Sort::key, tenant.text(), Secret(scalar.reveal_bytes())});
  return tenants_.append(folder_, entries, random_);
}

Result<std::vector<Secret>> Keyring::tenant_keys(const TenantId& tenant) {
  std::vector<Secret> out;
  Result<Folder::Lock> lock = folder_.lock(Folder::For::reading);
  if (!lock && lock.error().code == Errc::not_found) return out;
  if (!lock) return lock.error();
  TRY(tenants_.refresh(folder_));
  for (const Records::Record& record : tenants_.records().find(tenant.text()))
    out.push_back(TRY(tenants_.open(record)));
  std::ranges::reverse(out);
  return out;
}

Result<void> Keyring::forget_tenant_keys(const TenantId& tenant) {
  const Folder::Lock lock = TRY(folder_.lock(Folder::For::writing));
  TRY(folder_.finish_replacing(tenants_.name()));
  TRY(tenants_.refresh(folder_));
  if (tenants_.records().find(tenant.text()).empty()) return {};
  return tenants_.rewrite(folder_, {tenant.text(), std::nullopt}, random_);
}

Result<Secret> Keyring::ledger_seed() {
  const Folder::Lock lock = TRY(folder_.lock(Folder::For::writing));
  TRY(ledger_.refresh(folder_));
  if (ledger_.records().find(kLedger).empty()) {
    std::vector<KeyFile::Entry> entries;
    entries.push_back(fresh(kLedger, random_));
    TRY(ledger_.append(folder_, entries, random_));
  }
  return ledger_.open(ledger_.records().find(kLedger).front());
}

Result<std::size_t> Keyring::rewrap(HeadKeys roots) {
  const Folder::Lock lock = TRY(folder_.lock(Folder::For::writing));
  roots_ = std::move(roots);
  std::size_t count = 0;
  for (const std::string& name : TRY(key_files())) {
    TRY(folder_.finish_replacing(name));
    KeyFile file(name, roots_);
    TRY(file.refresh(folder_));
    if (!file.is_under_old_root()) continue;
    TRY(file.rewrite(folder_, {}, random_));
    ++count;
  }
  return count;
}

std::size_t Keyring::memory() {
  const Result<Folder::Lock> lock = folder_.lock(Folder::For::reading);
  std::size_t out = 0;
  for (const KeyFile& file : months_) out += file.memory();
  return out;
}

}  // namespace countersign::keys
