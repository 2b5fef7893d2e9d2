// links: core_codec
// A key that is read fits its algorithm, survives SubjectPublicKeyInfo, and takes any signature without falling over.
#include <cstdlib>

#include "core/codec/cose.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const ByteView input(bytes, size);
  const auto prefix = codec::read_cbor_prefix(input);
  if (!prefix) return 0;
  const auto read = codec::read_cose_key(prefix->item);
  if (!read) {
    if (read.error().code != Errc::malformed && read.error().code != Errc::refused) std::abort();
    return 0;
  }
  if (!read->key.fits(read->algorithm) || read->algorithm == crypto::CoseAlgorithm::rs1) std::abort();
  // An Edwards point that is none shows when verifying; every other key is the same after its DER.
  const auto again = crypto::VerifyKey::from_der(read->key.der());
  if (!again || !(*again == read->key)) std::abort();
  // What follows the key plays the signature.
  (void)read->key.verify(read->algorithm, input, input.subspan(prefix->size));
  return 0;
}
