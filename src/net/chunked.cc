#include "net/chunked.h"

#include <algorithm>

namespace countersign::net {
namespace {

constexpr std::size_t kOverheadMax = 8 * 1024;
constexpr std::size_t kSizeDigitsMax = 8;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_text(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); }

}  // namespace

std::size_t ChunkedDecoder::feed(std::string_view in, std::string& body) {
  std::size_t at = 0;
  while (at < in.size() && state_ == State::more) {
    if (at_ == At::data) {
      const std::size_t n = std::min(chunk_, in.size() - at);
      body.append(in.substr(at, n));
      at += n;
      chunk_ -= n;
      if (chunk_ == 0) at_ = At::data_cr;
    } else {
      step(in[at++]);
    }
  }
  return at;
}

void ChunkedDecoder::spend() {
  if (++overhead_ > kOverheadMax) state_ = State::too_large;
}

void ChunkedDecoder::take_size_digit(char c) {
  const int digit = hex_value(c);
  if (digit < 0 || ++size_digits_ > kSizeDigitsMax) {
    state_ = State::malformed;
    return;
  }
  chunk_ = chunk_ * 16 + static_cast<std::size_t>(digit);
  at_ = At::size_or_end;
}

void ChunkedDecoder::step(char c) {
  switch (at_) {
    case At::size:
      return take_size_digit(c);
    case At::size_or_end:
      if (c == '\r') {
        at_ = At::size_lf;
      } else if (c == ';') {
        at_ = At::extension;
        spend();
      } else {
        take_size_digit(c);
      }
      return;
    case At::extension:
      if (c == '\r') {
        at_ = At::size_lf;
      } else if (is_text(c)) {
        spend();
      } else {
        state_ = State::malformed;
      }
      return;
    case At::size_lf:
      size_digits_ = 0;
      total_ += chunk_;
      at_ = chunk_ > 0 ? At::data : At::trailer;
      if (c != '\n') state_ = State::malformed;
      else if (total_ > body_max_) state_ = State::too_large;
      return;
    case At::data_cr:
      at_ = At::data_lf;
      if (c != '\r') state_ = State::malformed;
      return;
    case At::data_lf:
      at_ = At::size;
      if (c != '\n') state_ = State::malformed;
      return;
    case At::data:  // taken in feed()
    case At::trailer:
    case At::trailer_line:
    case At::trailer_lf:
    case At::end_lf:
      return step_trailer(c);
  }
}

void ChunkedDecoder::step_trailer(char c) {
  if (at_ == At::end_lf || at_ == At::trailer_lf) {
    const State next = at_ == At::end_lf ? State::done : State::more;
    at_ = At::trailer;
    state_ = c == '\n' ? next : State::malformed;
  } else if (c == '\r') {
    at_ = at_ == At::trailer ? At::end_lf : At::trailer_lf;
  } else if (is_text(c) && !(at_ == At::trailer && (c == ' ' || c == '\t'))) {
    at_ = At::trailer_line;
    spend();
  } else {
    state_ = State::malformed;
  }
}

}  // namespace countersign::net
