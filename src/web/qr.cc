#include "web/qr.h"

#include <qrencode.h>

#include <memory>
#include <stdexcept>

namespace countersign::web {
namespace {

struct FreeCode {
  void operator()(QRcode* code) const { QRcode_free(code); }
};

}  // namespace

Result<QrOutline> qr_outline(std::string_view text) {
  if (text.empty() || text.find('\0') != std::string_view::npos) return Error{Errc::malformed, "no text for a QR code"};
  if (text.size() > kQrTextMax) return Error{Errc::exhausted, "too long for a QR code"};
  const std::unique_ptr<QRcode, FreeCode> code(QRcode_encodeData(
      static_cast<int>(text.size()), reinterpret_cast<const unsigned char*>(text.data()), 0, QR_ECLEVEL_M));
  if (!code) throw std::runtime_error("libqrencode could not encode a text within its limits");
  QrOutline out;
  out.side = code->width + 2 * kQrQuietModules;
  for (int y = 0; y < code->width; ++y) {
    const unsigned char* const row = code->data + y * code->width;
    for (int x = 0; x < code->width; ++x) {
      int run = 0;
      while (x + run < code->width && (row[x + run] & 1)) ++run;
      if (run == 0) continue;
      const std::string width = std::to_string(run);
      out.path += "M" + std::to_string(x + kQrQuietModules) + " " + std::to_string(y + kQrQuietModules) + "h" + width +
                  "v1h-" + width + "z";
      x += run;
    }
  }
  return out;
}

}  // namespace countersign::web
