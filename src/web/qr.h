// A QR code as the outline of its dark modules, for an SVG within the page: a link that counts once stands in no
// address of an image, and so in no log.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace countersign::web {

inline constexpr std::size_t kQrTextMax = 512;
inline constexpr int kQrQuietModules = 4;  // ISO/IEC 18004 §6.3.8

struct QrOutline {
  int side = 0;      // in modules, with the quiet zone on both sides
  std::string path;  // for <path d>, one unit a module
};
// malformed: empty text or NUL in it.   exhausted: more than 512 bytes.
Result<QrOutline> qr_outline(std::string_view text);

}  // namespace countersign::web
