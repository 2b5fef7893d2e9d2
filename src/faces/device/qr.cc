#include "faces/device/qr.h"

#include <png.h>
#include <qrencode.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

namespace countersign::device {
namespace {

struct FreeCode {
  void operator()(QRcode* code) const { QRcode_free(code); }
};

constexpr std::uint8_t kBlack = 0, kWhite = 255;

// Greyscale, one byte a pixel; width × width of them.
std::vector<std::uint8_t> pixels_of(const QRcode& code, std::size_t width) {
  constexpr std::size_t kQuiet = kQrQuietModules, kScale = kQrModulePixels;
  const auto modules = static_cast<std::size_t>(code.width);
  std::vector<std::uint8_t> pixels(width * width, kWhite);
  for (std::size_t y = 0; y < modules * kScale; ++y) {
    for (std::size_t x = 0; x < modules * kScale; ++x) {
      const bool dark = code.data[(y / kScale) * modules + x / kScale] & 1;
      if (dark) pixels[(y + kQuiet * kScale) * width + x + kQuiet * kScale] = kBlack;
    }
  }
  return pixels;
}

std::string png_of(const std::vector<std::uint8_t>& pixels, std::size_t width) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = static_cast<png_uint_32>(width);
  image.format = PNG_FORMAT_GRAY;
  std::string out(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t size = out.size();
  if (!png_image_write_to_memory(&image, out.data(), &size, 0, pixels.data(), 0, nullptr)) {
    throw std::runtime_error("libpng could not write an image to memory");
  }
  out.resize(size);
  return out;
}

}  // namespace

Result<std::string> qr_png(std::string_view value) {
  if (value.empty() || value.find('\0') != std::string_view::npos) {
    return Error{Errc::malformed, "value must be text of 1 to 512 bytes"};
  }
  if (value.size() > kQrValueMax) return Error{Errc::exhausted, "value must be text of 1 to 512 bytes"};
  const std::unique_ptr<QRcode, FreeCode> code(
      QRcode_encodeData(static_cast<int>(value.size()), reinterpret_cast<const unsigned char*>(value.data()), 0,
                        QR_ECLEVEL_M));
  if (!code) throw std::runtime_error("libqrencode could not encode a value within its limits");
  const auto width = static_cast<std::size_t>(code->width + 2 * kQrQuietModules) * kQrModulePixels;
  return png_of(pixels_of(*code, width), width);
}

}  // namespace countersign::device
