// The same outcome in the two generations of the Auth API: /auth/v2 in JSON, /rest/v1 in JSON or BSON (duo-api §3).
#pragma once

#include <string_view>

#include "core/base/id.h"
#include "faces/duo/envelope.h"
#include "faces/duo/words.h"

namespace countersign::duo {

enum class Api { rest_v1, auth_v2 };

struct Dialect {
  Api api = Api::auth_v2;
  Format format = Format::json;

  // rest_v1 has no `result` while it waits, and its `status` is the sentence.
  net::HttpResponse outcome(const Words& words, std::string_view remember_token) const;
  net::HttpResponse started(const AttemptId& attempt) const;
  net::HttpResponse failed(const Failure& failure) const { return fail(failure, format); }
};

}  // namespace countersign::duo
