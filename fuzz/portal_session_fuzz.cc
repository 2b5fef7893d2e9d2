// links: core_signin
// A session that is read is written back byte for byte; one that is not read changes nothing.
#include <cstdint>
#include <cstdlib>

#include "core/base/bytes.h"
#include "core/signin/portal_session.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  signin::PortalSession session;
  const Secret before = signin::encode(session);
  const Secret text(text_of({bytes, size}));
  const bool read = signin::decode(text, session).has_value();
  const Secret after = signin::encode(session);
  if (after.reveal() != (read ? text.reveal() : before.reveal())) std::abort();
  return 0;
}
