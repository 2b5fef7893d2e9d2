// The words of a bundle: letters to administrator and users, the list of users, how to use it all.
#pragma once

#include "flow/bundle.h"
#include "flow/mail.h"

namespace countersign::control {

// letter-admin and letter-user as .html and .txt, README.txt, and users.csv where the users are known.
Result<std::vector<flow::BundleFile>> write_letters(const flow::BundleFacts& facts);

// How a reader finds out whether a notice is real.
struct NoticeCheck {
  const std::string& code;  // in groups
  const std::string& page;  // "host/notice", typed by hand
};
// The same words as a mail, without purpose and reference; `to` nullptr: to the administrator.
Result<flow::Letter> write_notice(const flow::BundleFacts& facts, const User* to, const NoticeCheck& check);

// A cell that a spreadsheet takes for text whatever it holds.
std::string tame_cell(std::string_view text);

}  // namespace countersign::control
