// `countersign reader`: the tenant's side of history that is sealed to the tenant. It needs no server and no network.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/history/reader_key.h"
#include "server/key_place.h"

namespace CLI {
class App;
}

namespace countersign::server {

void add_reader_commands(CLI::App& app, const bool& json, std::function<int()>& chosen);

// Takes a piece of the output.
using Print = std::function<void(std::string_view text)>;

using ReaderKeyPlace = KeyPlace;

// Makes a key pair and its file, mode 0600, and returns the public half as `custody recipient add` takes it.
// conflict: the file is there.
Result<std::string> make_reader_key(const ReaderKeyPlace& place, Random& random);

enum class ReaderForm { json, csv };
struct ReaderQuery {
  std::vector<std::string> exports;  // files; those that bring keys first
  ReaderKeyPlace key;
  ReaderForm form = ReaderForm::json;
  std::string stream;  // empty: all
};
struct ReaderOutcome {
  std::uint64_t opened = 0, closed = 0;
  std::uint64_t canaries = 0;  // opened as well, but about nobody: not printed, and not among `opened`
  std::vector<std::string> problems;  // at most kProblemsShown; then how many more
};
inline constexpr std::size_t kProblemsShown = 20;
// Prints what opens, to the end, also where rows do not.   malformed, refused: as history::Opening.
Result<ReaderOutcome> open_exports(const ReaderQuery& query, const Print& out);

// Three texts for paper, of which two are enough.
Result<std::vector<std::string>> split_reader_key(const ReaderKeyPlace& place, Random& random);
// The other way: a new key file from such texts; returns the public half.
Result<std::string> combine_reader_key(const ReaderKeyPlace& place, const std::vector<std::string>& shares,
                                       Random& random);

}  // namespace countersign::server
