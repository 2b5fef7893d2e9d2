// Duo's envelope around every answer (duo-api §2.1) and its codes (§2.2).
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "faces/duo/bson.h"
#include "net/http.h"

namespace countersign::duo {

enum class Format { json, bson };

// The codes of duo-api §2.2; the HTTP status is the first three digits.
enum class Code : int {
  missing_parameters = 40001,
  invalid_parameters = 40002,
  missing_credentials = 40101,
  unknown_integration = 40102,
  invalid_signature = 40103,
  missing_timestamp = 40104,
  bad_timestamp = 40105,
  forbidden = 40301,
  not_found = 40401,
  wrong_method = 40501,
  too_many_requests = 42901,
  unavailable = 50301,
};

struct Failure {
  Code code;
  std::string detail;      // says what to fix; never holds what the caller sent
  int retry_after_s = 1;   // of too_many_requests and unavailable
};

std::string_view message(Code code);

// The one place where our errors become Duo's codes.
Failure failure_of(const Error& error);

// {"stat":"OK","response":…}; `response` is a JSON value.
net::HttpResponse ok(std::string_view response);
net::HttpResponse ok(const Document& response, Format format);
net::HttpResponse ok_text(std::string_view response, Format format);
// {"stat":"FAIL","code":…,"message":…,"message_detail":…}
net::HttpResponse fail(const Failure& failure, Format format);

// A name or text of somebody else's, fit for a terminal: control characters, and those that turn the direction of
// writing, become "?".
std::string printable(std::string_view text);

}  // namespace countersign::duo
