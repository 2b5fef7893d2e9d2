#include "core/base/result.h"

namespace countersign {

const char* name(Errc code) {
  switch (code) {
    case Errc::malformed: return "malformed";
    case Errc::refused: return "refused";
    case Errc::not_found: return "not_found";
    case Errc::conflict: return "conflict";
    case Errc::exhausted: return "exhausted";
    case Errc::unavailable: return "unavailable";
  }
  std::abort();
}

}  // namespace countersign
