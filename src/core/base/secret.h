// A string that wipes itself, cannot be copied, compared or printed, and opens by one greppable word.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/base/bytes.h"

namespace countersign {

class Secret {
  std::string text_;

  void wipe() noexcept {
    volatile char* p = text_.data();
    for (std::size_t i = 0; i < text_.capacity(); ++i) p[i] = 0;
    text_.clear();
  }

 public:
  Secret() = default;
  // Takes the characters over; the caller's temporary is gone with the move.
  explicit Secret(std::string&& text) : text_(std::move(text)) {}
  explicit Secret(std::string_view text) : text_(text) {}
  explicit Secret(const char* text) : text_(text) {}
  explicit Secret(ByteView bytes) : text_(text_of(bytes)) {}

  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : text_(other.text_) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = other.text_;
      other.wipe();
    }
    return *this;
  }
  ~Secret() { wipe(); }

  bool operator==(const Secret&) const = delete;  // use crypto::equal
  template <class Stream>
  friend Stream& operator<<(Stream&, const Secret&) = delete;

  bool empty() const { return text_.empty(); }
  std::size_t size() const { return text_.size(); }
  // The characters. Never keep what this returns longer than the statement.
  std::string_view reveal() const { return text_; }
  ByteView reveal_bytes() const { return bytes_of(text_); }
};

}  // namespace countersign
