// The chunked transfer coding (RFC 9112 §7.1), decoded piece by piece. Extensions and trailers are read over, within
// a bound; what is malformed is refused at once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace countersign::net {

class ChunkedDecoder {
 public:
  enum class State { more, done, malformed, too_large };

  explicit ChunkedDecoder(std::size_t body_max) : body_max_(body_max) {}

  // Takes what it can from the front of `in`, appends the payload to `body` and returns how many bytes it took. After
  // `done` it takes nothing more: the rest belongs to the next request.
  std::size_t feed(std::string_view in, std::string& body);
  State state() const { return state_; }

 private:
  enum class At { size, size_or_end, extension, size_lf, data, data_cr, data_lf, trailer, trailer_line, trailer_lf,
                  end_lf };

  void step(char c);
  void step_trailer(char c);
  void take_size_digit(char c);
  void spend();

  std::size_t body_max_;
  std::size_t chunk_ = 0;      // bytes of the present chunk still to come
  std::size_t size_digits_ = 0;
  std::size_t total_ = 0;      // payload promised so far
  std::size_t overhead_ = 0;   // bytes of extensions and trailers
  At at_ = At::size;
  State state_ = State::more;
};

}  // namespace countersign::net
