#include "server/certificates.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/codec/hex.h"
#include "core/crypto/hash.h"
#include "core/crypto/x509.h"
#include "store/history.h"

namespace countersign::server {
namespace {

using std::chrono::days;

constexpr days kBackdated{1};           // clocks of clients are not ours
constexpr days kAuthorityLife{20 * 365};
constexpr days kLeafLife{397};          // what browsers take at most
constexpr days kRenewBefore{60};
constexpr std::string_view kCertificate = "ca_certificate";
constexpr std::string_view kKey = "ca_key";

keys::Place key_place() { return {.tenant = TenantId(), .table = "server_values", .column = "value", .row = kKey}; }

struct StoredAuthority {
  std::string certificate;
  Bytes sealed_key;
};

Result<std::optional<StoredAuthority>> read_authority(store::Store& store) {
  return store::read(store, [](store::Txn& txn) -> Result<std::optional<StoredAuthority>> {
    const std::optional<Bytes> certificate = TRY(store::server_value(txn, kCertificate));
    const std::optional<Bytes> key = TRY(store::server_value(txn, kKey));
    if (!certificate || !key) return std::optional<StoredAuthority>();
    return std::optional<StoredAuthority>(StoredAuthority{std::string(text_of(*certificate)), *key});
  });
}

Result<crypto::KeyedCertificate> open_authority(const CertificatePorts& ports, const StoredAuthority& stored) {
  Result<Secret> key = ports.keys.unseal(key_place(), stored.sealed_key);
  if (!key) {
    return Error{key.error().code, "the CA's key does not open: root.key is not the one this database was made with; "
                                   "copy root.key from the first node or from its backup"};
  }
  return crypto::KeyedCertificate{stored.certificate, *std::move(key)};
}

// The stored authority, or a new one. Of several nodes that start at once the first to write wins.
Result<crypto::KeyedCertificate> authority(const CertificatePorts& ports) {
  if (const auto stored = TRY(read_authority(ports.store))) return open_authority(ports, *stored);
  const Instant now = ports.clock.now();
  crypto::KeyedCertificate made =
      TRY(crypto::make_authority("Countersign local CA", {now - kBackdated, now + kAuthorityLife}, ports.random));
  const Bytes sealed = TRY(ports.keys.seal(key_place(), made.key));
  const Result<bool> written = store::write_and_wait(ports.store, [&](store::Txn& txn) -> Result<bool> {
    TRY(store::insert_server_value(txn, kCertificate, bytes_of(made.certificate)));
    TRY(store::insert_server_value(txn, kKey, sealed));
    return true;
  });
  if (written) return made;
  if (written.error().code != Errc::conflict) return written.error();
  const auto stored = TRY(read_authority(ports.store));
  if (!stored) return Error{Errc::unavailable, "the CA is being made by another node; try again"};
  return open_authority(ports, *stored);
}

bool is_address(const std::string& host) {
  return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
}

// Duo's older clients look for an address among the DNS names only (duo-api §7), so it stands there as well.
crypto::CertificateNames names_for(const std::vector<std::string>& host_names) {
  crypto::CertificateNames names{.common_name = "localhost", .dns = {"localhost", "127.0.0.1"},
                                 .ip = {"127.0.0.1", "::1"}};
  const auto add = [](std::vector<std::string>& to, const std::string& name) {
    if (std::find(to.begin(), to.end(), name) == to.end()) to.push_back(name);
  };
  for (const std::string& host : host_names) {
    if (is_address(host)) add(names.ip, host);
    if (host.find(':') == std::string::npos) add(names.dns, host);
  }
  return names;
}

// The first line of tls.pem: which CA and which names the leaf is of.
std::string mark(const std::string& ca_certificate, const crypto::CertificateNames& names) {
  std::string all = ca_certificate;
  for (const auto* list : {&names.dns, &names.ip}) {
    for (const std::string& name : *list) all += "\n" + name;
    all += "\n";
  }
  return "Made by countersign for " + codec::to_hex(crypto::hash(crypto::HashKind::sha256, bytes_of(all)));
}

bool still_good(const std::string& file, const std::string& marked, Instant now) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  const std::string pem = text.str();
  if (!in || !pem.starts_with(marked + "\n")) return false;
  const auto facts = crypto::read_certificate(std::string_view(pem).substr(marked.size() + 1));
  return facts && facts->validity.from <= now && now + kRenewBefore < facts->validity.until;
}

}  // namespace

Result<Leaf> prepare_certificates(const CertificatePorts& ports, const DataDir& dir,
                                  const std::vector<std::string>& host_names) {
  const crypto::KeyedCertificate ca = TRY(authority(ports));
  TRY(write_file(dir.file("ca.pem"), ca.certificate, Readers::everyone));
  const crypto::CertificateNames names = names_for(host_names);
  const std::string marked = mark(ca.certificate, names);
  const Instant now = ports.clock.now();
  if (still_good(dir.file("tls.pem"), marked, now)) return Leaf::kept;
  const crypto::KeyedCertificate leaf =
      TRY(crypto::issue_leaf(ca, names, {now - kBackdated, now + kLeafLife}, ports.random));
  std::string pem = marked + "\n" + leaf.certificate;
  pem += leaf.key.reveal();
  const Secret whole(std::move(pem));
  TRY(write_file(dir.file("tls.pem"), whole.reveal(), Readers::owner));
  return Leaf::made;
}

}  // namespace countersign::server
