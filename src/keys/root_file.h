// The file of the root keys: of the owner's alone, written whole or not at all, durable before a call returns.
#pragma once

#include <string>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace countersign::keys {

// not_found: no such file.   refused: others may read it, it is not ours, not a file, or longer than `size_max`; the
// text says what to do.   unavailable: it cannot be read.
Result<Secret> read_root_file(const std::string& file, std::size_t size_max);

// Mode 0600. `random` names what is written beside first, so that two who create at once both come to an end.
// conflict: the file is there already; it is not touched.   unavailable: it cannot be written.
Result<void> create_root_file(const std::string& file, const Secret& content, Random& random);

// The same in the place of what is there, which is overwritten before it goes: whoever looks sees all of the old or all
// of the new. One caller at a time; it clears away what an earlier one left beside (FILE.new) when it was killed.
Result<void> replace_root_file(const std::string& file, const Secret& content);

}  // namespace countersign::keys
