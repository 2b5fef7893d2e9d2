// links: web
// Whatever a browser says it reads, it gets one of our languages.
#include <algorithm>
#include <cstdlib>

#include "web/page.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (const std::string& language : {web::language_for("", text), web::language_for(text, "")}) {
    if (std::find(web::languages().begin(), web::languages().end(), language) == web::languages().end()) std::abort();
  }
  return 0;
}
