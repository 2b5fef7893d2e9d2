#include "flow/way_back.h"

#include "core/codec/percent.h"

namespace countersign::flow {

std::string way_back(const signin::ReturnTo& back,
                     const std::vector<std::pair<std::string_view, std::string_view>>& parameters) {
  std::string out = back.uri;
  char joint = out.find('?') == std::string::npos ? '?' : '&';
  const auto add = [&](std::string_view name, std::string_view value) {
    out += joint;
    codec::append_percent_encoded(out, name);
    out += '=';
    codec::append_percent_encoded(out, value);
    joint = '&';
  };
  if (!back.state.empty()) add("state", back.state);
  for (const auto& [name, value] : parameters) add(name, value);
  return out;
}

std::string back_origin(const signin::ReturnTo& back) {
  const std::size_t host = back.uri.find("://");
  if (host == std::string::npos) return {};
  return back.uri.substr(0, back.uri.find_first_of("/?#", host + 3));
}

}  // namespace countersign::flow
