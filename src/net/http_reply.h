// Replies as bytes: the head that net/ completes, and the replies that net/ gives itself.
#pragma once

#include <string>
#include <string_view>

#include "core/base/time.h"
#include "net/http.h"

namespace countersign::net {

enum class BodyForm { sized, chunked, until_close };

// What the connection knows about a reply beyond its value.
struct ReplyContext {
  Instant now{};
  BodyForm form = BodyForm::sized;
  bool tls = false;
  bool http_1_0 = false;
  bool keep_alive = true;
};

// Appends the status line and all headers with the empty line. Date, Server, Cache-Control and, on TLS,
// Strict-Transport-Security are added unless the reply has them; Content-Length, Transfer-Encoding and Connection are
// net/'s alone and a reply's own are left out.
void append_head(std::string& out, const HttpResponse& reply, const ReplyContext& context);

// Whether names and values of the reply can stand in a head: no line ends, no control characters.
bool is_sendable(const HttpResponse& reply);

// Whether the reply asks for the end of the connection.
bool wants_close(const HttpResponse& reply);

// {"stat":"FAIL","code":STATUS*100,"message":…,"message_detail":DETAIL}. `detail` is a sentence of ours.
HttpResponse refusal(int status, std::string_view detail);

std::string_view reason_phrase(int status);

// "Tue, 15 Nov 1994 08:12:31 GMT" (RFC 9110 §5.6.7).
void append_http_date(std::string& out, Instant t);

}  // namespace countersign::net
