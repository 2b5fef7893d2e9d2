// From what the browser is to see to the page that shows it. Pure: no ports, no request.
#pragma once

#include <string>
#include <string_view>

#include "flow/visit.h"
#include "web/page.h"

namespace countersign::prompt {

// Which part of a choice is wanted; where a way is not open, the list of those that are.
enum class Part { strongest, list, passkey, push, passcode };

struct Screen {
  std::string language;
  VisitId visit;
  Part part = Part::strongest;
  std::string problem;  // a word from the address, where the view has none of its own
  std::string version;  // what to wait for a change of
};

// "/prompt/DV…", where everything of a visit lives.
std::string path_of(const VisitId& visit);

// The page. A view that goes back has none.
std::string draw(const web::Templates& templates, const Screen& screen, const flow::View& view);

// The same for two views that show the same, whatever the seconds left and the challenges: so a page knows whether it
// would look different now.
std::string fingerprint(const flow::View& view);

// What a word of the log or of a choice's problem means to a person, and what to do.
std::string reason_text(std::string_view language, std::string_view reason);
std::string again_text(std::string_view language, std::string_view problem);

}  // namespace countersign::prompt
