// links: core_crypto
// A certificate that is read gives back its bytes, answers every question, and never leads to a root without being one.
// Input: a certificate as DER or PEM, or a SubjectPublicKeyInfo.
#include <cstdlib>

#include "core/crypto/chain.h"

using namespace countersign;
using crypto::Certificate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const ByteView input(bytes, size);
  const auto spki = crypto::VerifyKey::from_der(input);
  if (spki && text_of(spki->der()) != text_of(input)) std::abort();
  const auto der = Certificate::from_der(input);
  if (der && text_of(der->der()) != text_of(input)) std::abort();
  const auto read = der ? der : Certificate::from_pem(text_of(input));
  if (!read) {
    if (read.error().code != Errc::malformed) std::abort();
    return 0;
  }
  const Bytes written = read->der();
  if (written.size() > crypto::kCertificateBytesMax || !(*Certificate::from_der(written) == *read)) std::abort();
  for (const std::string& purpose : read->key_purposes()) {
    if (purpose.empty()) std::abort();
  }
  if (!read->key_purposes().empty() && !read->extension("2.5.29.37")) std::abort();
  if (!read->alternative_directory_name().empty() && !read->extension("2.5.29.17")) std::abort();
  if (read->subject_empty() && !read->subject("CN").empty()) std::abort();
  (void)read->version();
  (void)read->authority();
  if (const auto key = read->key()) {
    if (!(*crypto::VerifyKey::from_der(key->der()) == *key)) std::abort();
  }
  const Instant now = from_unix_s(2'000'000'000);
  if (crypto::verify_chain({*read}, {}, now)) std::abort();
  (void)crypto::verify_chain({*read}, {*read}, now);
  (void)crypto::verify_chain({*read, *read}, {*read}, now);
  return 0;
}
