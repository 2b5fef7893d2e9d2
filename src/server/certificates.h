// The server's own CA and its leaf, for those who bring no certificate. The CA's key stands sealed in the database, so
// every node's leaf comes from one CA.
#pragma once

#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "keys/keys.h"
#include "server/data_dir.h"
#include "store/store.h"

namespace countersign::server {

struct CertificatePorts {
  store::Store& store;
  keys::Keys& keys;
  const Clock& clock;
  Random& random;
};

enum class Leaf { kept, made };

// Writes DIR/ca.pem, and DIR/tls.pem (leaf and key, mode 0600) when there is none, it ends within 60 days, it comes of
// another CA, or it does not stand for exactly localhost, 127.0.0.1, ::1 and `host_names` (names or addresses).
// malformed: a host name that cannot stand in a certificate.   Else as store, keys and write_file say.
Result<Leaf> prepare_certificates(const CertificatePorts& ports, const DataDir& dir,
                                  const std::vector<std::string>& host_names);

}  // namespace countersign::server
