// A passphrase from a file or from whoever sits at the terminal, which shows nothing of it.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/base/secret.h"

namespace countersign::server {

inline constexpr std::size_t kPassphraseMin = 12;  // of new ones
inline constexpr std::size_t kPassphraseMax = 1024;

enum class Passphrase { known, made };  // a new one is asked for twice, and must be long enough

// The first line of `file`, or, where that is empty, what is typed.
// malformed: too short, too long, or not the same twice.   unavailable: no file, no terminal.
Result<Secret> passphrase(const std::string& file, Passphrase which);

}  // namespace countersign::server
