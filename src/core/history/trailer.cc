#include <algorithm>

#include "core/history/epoch.h"
#include "core/history/wire.h"
#include "core/ledger/merkle.h"

namespace countersign::history {
namespace {

constexpr std::string_view kTrailerMagic = "MFAT";
constexpr std::uint8_t kVersion = 1;

}  // namespace

Bytes encode(const EpochTrailer& trailer) {
  Bytes out;
  append(out, bytes_of(kTrailerMagic));
  put(out, kVersion);
  append(out, trailer.id);
  put(out, trailer.rows);
  append(out, trailer.root);
  return out;
}

Result<EpochTrailer> decode_trailer(ByteView bytes) {
  Reader in(bytes);
  if (text_of(in.take(kTrailerMagic.size())) != kTrailerMagic) return Error{Errc::malformed, "not an epoch's trailer"};
  if (in.number<std::uint8_t>() != kVersion) return Error{Errc::malformed, "an epoch's trailer of another version"};
  EpochTrailer out;
  out.id = in.array<kEpochIdSize>();
  out.rows = in.number<std::uint64_t>();
  out.root = in.array<sizeof(out.root)>();
  if (!in.whole()) return Error{Errc::malformed, "an epoch's trailer is cut short, or goes on"};
  if (out.rows > kEpochRowsMax) return Error{Errc::malformed, "an epoch has at most 65,536 rows"};
  return out;
}

Result<EpochTrailer> trailer_of(const EpochId& id, const std::vector<Bytes>& row_hashes) {
  if (row_hashes.size() > kEpochRowsMax) return Error{Errc::malformed, "an epoch has at most 65,536 rows"};
  ledger::Edge edge;
  for (const Bytes& each : row_hashes) {
    ledger::Hash leaf;
    if (each.size() != leaf.size()) return Error{Errc::malformed, "a row's hash has 32 bytes"};
    std::ranges::copy(each, leaf.begin());
    edge.append(leaf);
  }
  return EpochTrailer{id, row_hashes.size(), edge.root()};
}

Result<void> check(const EpochTrailer& trailer, const EpochId& id, const std::vector<Bytes>& row_hashes) {
  const EpochTrailer expected = TRY(trailer_of(id, row_hashes));
  if (trailer.id != expected.id) return Error{Errc::refused, "the trailer is of another epoch"};
  if (trailer.rows != expected.rows) return Error{Errc::refused, "the trailer counts other rows"};
  if (trailer.root != expected.root) return Error{Errc::refused, "the rows are not those of the trailer"};
  return {};
}

}  // namespace countersign::history
