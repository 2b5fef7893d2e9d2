// `countersign signer init` and `signer sign`: the signer's side of exports. They need no server and no network; the
// other words of `signer` talk to it.
#pragma once

#include <functional>
#include <string>

#include "core/base/random.h"
#include "server/key_place.h"

namespace CLI {
class App;
}

namespace countersign::server {

// After the control commands, whose group they join.
void add_signer_commands(CLI::App& app, const bool& json, std::function<int()>& chosen);

// Makes a key and its file, mode 0600, and returns the public half as `signer add` takes it.   conflict: it is there.
Result<std::string> make_signer_key(const KeyPlace& place, Random& random);

// Signs the text in `file`, without the line feed it may end with, and returns the signature as the commands take it.
// `show` is told in words what is signed, before anybody types a passphrase.
// refused: another passphrase, or nothing that a signer of exports signs.   not_found: no such file.
Result<std::string> sign_text(const KeyPlace& place, const std::string& file,
                              const std::function<void(const std::string& words)>& show);

}  // namespace countersign::server
