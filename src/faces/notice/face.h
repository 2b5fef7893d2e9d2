// "Is this notice real?": the page on which anybody checks the code of a breach notice (docs/operating/incident.md).
#pragma once

#include <string_view>

#include "faces/notice/pace.h"
#include "flow/ports.h"
#include "net/http.h"
#include "web/page.h"

namespace countersign::notice {

class NoticeFace {
  const flow::Ports& ports_;
  const web::Templates& templates_;
  Pace pace_;

 public:
  // `ports`, `templates` and the object itself must outlive every reply.
  NoticeFace(const flow::Ports& ports, const web::Templates& templates) : ports_(ports), templates_(templates) {}

  static bool serves(std::string_view path) { return path == "/notice"; }

  // GET shows the form; POST with a code says whose notice it is, which marks it as opened, and with `read` that it was
  // read. A code stands in no address and no log. What is said of a wrong code tells nothing of right ones.
  net::Reply handle(const net::HttpRequest& request);

 private:
  net::Reply show(const net::HttpRequest& request, const std::string& language);
  net::Reply check(const net::HttpRequest& request, const std::string& language);
};

}  // namespace countersign::notice
