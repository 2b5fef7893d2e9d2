// The parameters of one request: of its query, and of its body in either spelling of a form.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/codec/form.h"
#include "faces/oidc/problem.h"
#include "net/http.h"

namespace countersign::oidc {

// A GET has its query. A POST has its body, a form or multipart/form-data, and its query too: one client puts
// everything there and sends no body (duo-api §4.3). Names that are not asked for are ignored; one that is asked for
// stands once.
class Parameters {
  codec::Form values_;
  std::optional<Problem> problem_;

 public:
  // invalid_request: what was sent is no form, or too much of it.
  static Checked<Parameters> of(const net::HttpRequest& request);

  // The value, empty when not sent.   invalid_request: given twice, longer than `max` bytes.
  std::string text(std::string_view name, std::size_t max);
  // The same, and invalid_request when it is not sent or empty.
  std::string need(std::string_view name, std::size_t max);

  void fail(Word word, std::string cause);
  // The first thing wrong; later reads give empty values.
  const std::optional<Problem>& problem() const { return problem_; }
};

}  // namespace countersign::oidc
