// QR codes as PNG images (ISO/IEC 18004, RFC 2083), black on white.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace countersign::device {

inline constexpr std::size_t kQrValueMax = 512;  // bytes
inline constexpr int kQrQuietModules = 4;        // ISO/IEC 18004 §9.1
inline constexpr int kQrModulePixels = 6;

// Error correction level M, the smallest version that holds the value, six pixels a module, with its quiet zone.
// malformed: empty or with a NUL.   exhausted: over 512 bytes.
Result<std::string> qr_png(std::string_view value);

}  // namespace countersign::device
