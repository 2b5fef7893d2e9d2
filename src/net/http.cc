#include "net/http.h"

namespace countersign::net {

std::string_view HttpRequest::header(std::string_view name) const {
  for (const Header& h : headers) {
    if (h.name == name) return h.value;
  }
  return {};
}

}  // namespace countersign::net
