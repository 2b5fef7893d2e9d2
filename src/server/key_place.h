// Where a key file under a passphrase is, and the two ways past it: for readers and for signers.
#pragma once

#include <functional>
#include <string>

#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/history/key_file.h"

namespace countersign::server {

struct KeyPlace {
  std::string file;                                   // the key file
  std::string passphrase_file;                        // empty: the terminal is asked
  crypto::PasswordCost cost = history::kKeyFileCost;  // of a new file
};

// The file's text.   not_found: no such file.
Result<std::string> read_key_file(const KeyPlace& place);
// Asks for a new passphrase and writes what `seal` makes, mode 0600.   conflict: the file is there.
Result<void> write_key_file(const KeyPlace& place, const std::function<Result<std::string>(const Secret&)>& seal);

}  // namespace countersign::server
