// Where the sources lie. The path is compiled into one file only, so that every other test is the same object in every
// clone, and a compiler cache knows it.
#pragma once

#include <filesystem>

namespace countersign::testing {

std::filesystem::path source_dir();

}  // namespace countersign::testing
