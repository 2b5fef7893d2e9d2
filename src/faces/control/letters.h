// The words of a bundle: letters to administrator and users, the list of users, how to use it all.
#pragma once

#include "flow/bundle.h"

namespace countersign::control {

// letter-admin and letter-user as .html and .txt, README.txt, and users.csv where the users are known.
Result<std::vector<flow::BundleFile>> write_letters(const flow::BundleFacts& facts);

// A cell that a spreadsheet takes for text whatever it holds.
std::string tame_cell(std::string_view text);

}  // namespace countersign::control
