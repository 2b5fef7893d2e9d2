// Big vector sets are not in the repository; a test reads them where they lie, or says that it was skipped.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "testing/source_dir.h"

namespace countersign::testing {

inline std::filesystem::path vectors_root() {
  return source_dir() / ".." / "shared" / "vectors";
}

// The parsed file below the vectors' folder, or nothing where that folder is missing. A file that is there and cannot
// be parsed throws.
inline std::optional<nlohmann::json> load_vectors(const std::string& name) {
  std::ifstream in(vectors_root() / name, std::ios::binary);
  if (!in) return std::nullopt;
  return nlohmann::json::parse(in);
}

// Lines of a table in the project's own vectors/, without comments and empty lines, split at white space.
inline std::vector<std::vector<std::string>> load_table(const std::string& name) {
  std::ifstream in(source_dir() / "vectors" / name);
  if (!in) throw std::runtime_error("vectors/" + name + " is missing");
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    rows.emplace_back();
    for (std::string word; words >> word;) rows.back().push_back(word);
  }
  return rows;
}

// Hex of a vector file; core/codec's own reader is what some of these test.
inline Bytes unhex(const std::string& text) {
  Bytes out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return out;
}

}  // namespace countersign::testing

// First lines of a test that needs a big set: the parsed file is `name` afterwards.
#define VECTORS_OR_SKIP(name, file)                                              \
  const auto name##_loaded_ = countersign::testing::load_vectors(file);          \
  if (!name##_loaded_) GTEST_SKIP() << "vectors not present: " << file;          \
  const nlohmann::json& name = *name##_loaded_
