// The root key's file wrapped by a key in a token (a hardware security module, a smart card, SoftHSM), over PKCS#11.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "keys/root_source.h"

namespace countersign::keys {

// pkcs11:token=T;object=O?module-path=/…/driver.so&pin-source=/…/pin  (RFC 7512), values percent-encoded.
struct Pkcs11Uri {
  std::string token, serial;  // one of them, or both
  std::string object;         // the label of the private key
  std::string module_path;
  std::string pin_source;  // a file; empty: a token that asks for no PIN

  // malformed: another attribute, one missing or standing twice, a PIN in the text itself.
  static Result<Pkcs11Uri> parse(std::string_view text);
};

// `text` as above. The key: RSA of 2048 bits or more, or on P-256, P-384 or P-521, able to decrypt or to derive.
// malformed: as Pkcs11Uri::parse.
Result<std::unique_ptr<RootWrapper>> pkcs11_wrapper(std::string_view text);

}  // namespace countersign::keys
