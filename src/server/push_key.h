// The key by which push services know this server (RFC 8292). It stands sealed in the database, so every node has the
// same; phones subscribe with its public half, so it never changes.
#pragma once

#include "core/crypto/sign.h"
#include "server/certificates.h"

namespace countersign::server {

// The stored key, or at first start a new one.   refused: root.key is not the one this database was made with.
Result<crypto::Es256Key> prepare_push_key(const CertificatePorts& ports);

}  // namespace countersign::server
