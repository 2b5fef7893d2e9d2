// Which face answers which path: first come, first served; what is nobody's is 404.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace countersign::server {

struct Route {
  std::function<bool(std::string_view path)> serves;
  net::Handler handler;
};

class Router {
  std::vector<Route> routes_;

 public:
  // Before the first request only.
  void add(Route route) { routes_.push_back(std::move(route)); }
  net::Reply answer(const net::HttpRequest& request) const;
};

}  // namespace countersign::server
