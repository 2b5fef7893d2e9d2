// links: web
// Whatever a template is, a value's "<" and quotes never come out as they went in.
#include <cstdlib>

#include "web/mustache.h"

using namespace countersign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(bytes), size);
  const auto nodes = web::parse_template(source);
  if (!nodes) return 0;
  const std::string odd = "\x01<\"'";
  const web::Value values = web::Value::object({{"v", odd}, {"on", web::Value::yes()}});
  web::Surroundings around;
  around.partial = [](std::string_view) { return nullptr; };
  around.message = [&odd](std::string_view, const web::Scope&) { return odd; };
  if (web::fill(*nodes, around, {&values}).find("\x01<") != std::string::npos &&
      source.find("\x01<") == std::string_view::npos) {
    std::abort();
  }
  return 0;
}
