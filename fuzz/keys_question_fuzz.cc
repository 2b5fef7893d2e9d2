// links: keys
// Property: whatever comes in on a lane is answered, in a form that can be read, within the limit; and a value that is
// read is written again as the same bytes.
#include <cstdlib>
#include <filesystem>

#include "keys/questions.h"
#include "testing/keyd.h"
#include "testing/manual_clock.h"

namespace {

using namespace countersign;

struct Desks {
  keys::KeyFiles own;
  testing::ManualClock clock;
  keys::Budgets budgets;
  std::unique_ptr<keys::LocalKeys> keys = *keys::LocalKeys::open(own.files, own.random, clock);
};

template <class T>
void reads_as_written(ByteView bytes) {
  T value{};
  keys::Reader r(bytes);
  keys::get(r, value);
  if (!r.whole()) return;
  keys::Writer w;
  keys::put(w, value);
  if (Bytes(w.view().begin(), w.view().end()) != Bytes(bytes.begin(), bytes.end())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Desks desks;
  const ByteView bytes(data, size);
  keys::Writer to;
  keys::answer_question({keys::Office::keyd, *desks.keys, desks.budgets, desks.clock}, bytes, to);
  if (to.view().empty() || to.view().size() > keys::kMessageMax) std::abort();
  keys::Reader answer(to.view());
  const std::optional<Error> error = keys::get_error(answer);
  if (error && error->code == Errc::unavailable) std::abort();  // the keys are there, so this is no answer's form
  reads_as_written<Enrolment>(bytes);
  reads_as_written<factor::webauthn::Credential>(bytes);
  reads_as_written<keys::EpochOrder>(bytes);
  reads_as_written<keys::NewEpoch>(bytes);
  reads_as_written<keys::RootList>(bytes);
  return 0;
}
