// An answer of the OIDC face, as tests look at it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/codec/form.h"
#include "net/http.h"

namespace countersign::oidc {

struct Said {
  net::HttpResponse raw;

  int status() const { return raw.status; }
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : raw.headers) {
      if (key == name) return value;
    }
    return {};
  }
  nlohmann::json body() const { return nlohmann::json::parse(raw.body); }
  // "error: description" without the reference, which is random.
  std::string error() const {
    return body().value("error", "(none)") + ": " + without_reference(body().value("error_description", ""));
  }
  std::string failure() const {
    return std::to_string(body().value("code", 0)) + " " + body().value("message", "(none)") + ": " +
           without_reference(body().value("message_detail", ""));
  }
  // The parameters that a redirect brings back.
  std::string brought_back(std::string_view name) const {
    const std::string to = header("location");
    const std::size_t query = to.find('?');
    if (query == to.npos) return "(no query)";
    const auto form = codec::parse_form(std::string_view(to).substr(query + 1));
    if (!form) return "(no form)";
    for (const auto& [key, value] : *form) {
      if (key == name) return value;
    }
    return "(none)";
  }
  static std::string without_reference(const std::string& text) { return text.substr(0, text.find(" (reference ")); }
};

}  // namespace countersign::oidc
