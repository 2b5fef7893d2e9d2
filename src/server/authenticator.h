// `countersign authenticator …`: a software authenticator, for people without the app, and for tests.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace countersign::server {

// Adds the words of the command to `root`; parsing one of them sets `run` to what main is to call for the exit code.
void add_authenticator_commands(CLI::App& root, std::function<int()>& run);

}  // namespace countersign::server
