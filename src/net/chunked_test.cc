#include "net/chunked.h"

#include <gtest/gtest.h>

namespace countersign::net {
namespace {

using State = ChunkedDecoder::State;

struct Decoded {
  State state;
  std::string body;
  std::size_t taken;
};

Decoded decode(std::string_view in, std::size_t piece = 1000, std::size_t body_max = 100) {
  ChunkedDecoder decoder(body_max);
  Decoded out{State::more, "", 0};
  while (out.taken < in.size() && decoder.state() == State::more) {
    out.taken += decoder.feed(in.substr(out.taken, piece), out.body);
  }
  out.state = decoder.state();
  return out;
}

TEST(Chunked, DecodesWhateverThePieces) {
  const std::string_view in = "4\r\nWiki\r\n5;ext=\"1\"\r\npedia\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nnext";
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U}) {
    const Decoded out = decode(in, piece);
    EXPECT_EQ(out.state, State::done) << piece;
    EXPECT_EQ(out.body, "Wikipedia0123456789") << piece;
    EXPECT_EQ(in.substr(out.taken), "next") << piece;
  }
}

TEST(Chunked, NeedsMoreAtEveryCut) {
  const std::string_view in = "1\r\na\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < in.size(); ++size) EXPECT_EQ(decode(in.substr(0, size)).state, State::more) << size;
}

TEST(Chunked, RefusesWhatIsMalformed) {
  for (const char* in : {"\r\n", "x\r\n", "-1\r\n", "0x1\r\n", "1\na", "1 \r\n", "1\r\nab\r\n", "1\r\na\n",
                         "1\r\na0\r\n", "000000001\r\n", "1;\n", "1;\x01",
                         "0\r\n folded\r\n", "0\r\nA: b\n", "0\r\n\n",
                         "1\ra"}) {
    EXPECT_EQ(decode(in).state, State::malformed) << in;
  }
}

TEST(Chunked, HasALimitForTheBody) {
  const std::string full(100, 'a');
  EXPECT_EQ(decode("64\r\n" + full + "\r\n0\r\n\r\n").state, State::done);
  EXPECT_EQ(decode("65\r\n").state, State::too_large);
  EXPECT_EQ(decode("64\r\n" + full + "\r\n1\r\n").state, State::too_large);
  EXPECT_EQ(decode("ffffffff\r\n").state, State::too_large);
}

TEST(Chunked, HasALimitForExtensionsAndTrailers) {
  EXPECT_EQ(decode("1;" + std::string(9000, 'x')).state, State::too_large);
  EXPECT_EQ(decode("0\r\nA: " + std::string(9000, 'x')).state, State::too_large);
  std::string many;
  for (int i = 0; i < 90; ++i) many += "1;" + std::string(100, 'x') + "\r\na\r\n";
  EXPECT_EQ(decode(many).state, State::too_large);
}

}  // namespace
}  // namespace countersign::net
