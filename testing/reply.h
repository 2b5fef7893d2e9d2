// What net/ does with a reply, without a server: begins it, waits for its commit, goes on with the rest.
#pragma once

#include <future>
#include <utility>
#include <variant>

#include "net/http.h"

namespace countersign::testing {

// Up to its answer, its stream, or to where it waits for a key.
inline net::Reply run(net::Reply reply) {
  for (;;) {
    if (auto* const committing = std::get_if<net::Committing>(&reply)) {
      std::promise<net::Reply> promise;
      committing->start([&promise](net::Reply out) { promise.set_value(std::move(out)); });
      reply = promise.get_future().get();
    } else if (auto* const rest = std::get_if<net::Rest>(&reply)) {
      net::Reply next = rest->run();
      reply = std::move(next);
    } else {
      return reply;
    }
  }
}

// The answer.   std::bad_variant_access: it waits.
inline net::HttpResponse answer_of(net::Reply reply) { return std::get<net::HttpResponse>(run(std::move(reply))); }

}  // namespace countersign::testing
