// The keys' process: started by `serve` as `countersign keyd`, it opens root key and keyring, gives up every right it
// can (sandbox.h), and answers questions until serve goes. Its end of the socket is inherited; it has no address.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/base/time.h"
#include "keys/lane.h"
#include "keys/local.h"
#include "keys/questions.h"

namespace countersign::keys {

inline constexpr int kKeydSocket = 3;      // the number under which keyd inherits its socket

struct KeydOrder {
  LocalKeys::Files files;
  Office office = Office::keyd;  // or clerk
};
// What stands after `keyd` on the command line, both ways.
std::vector<std::string> keyd_words(const KeydOrder& order);
// malformed: other words.
Result<KeydOrder> read_keyd_words(const std::vector<std::string>& words);

// First the other side sends the lanes, then this side one answer: ready (and what could not be had), or why not. The
// exit code: 0 when serve went, 1 when it could not begin.   `random` and `clock` as LocalKeys.
int run_keyd(const KeydOrder& order, Random& random, const Clock& clock);

// Answers the questions of one lane until its other side goes or sends what is no message.
void answer_lane(Window& window, const Desk& desk);

}  // namespace countersign::keys
