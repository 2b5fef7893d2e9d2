#include "faces/duo/dialect.h"

#include "core/codec/json_write.h"

namespace countersign::duo {

net::HttpResponse Dialect::outcome(const Words& words, std::string_view remember_token) const {
  switch (api) {
    case Api::rest_v1: {
      Document out;
      if (words.result != "waiting") out.text("result", std::string(words.result));
      out.text("status", words.sentence);
      return ok(out, format);
    }
    case Api::auth_v2: {
      codec::JsonWriter out;
      out.begin_object().key("result").string(words.result).key("status").string(words.status);
      out.key("status_msg").string(words.sentence);
      if (!remember_token.empty()) out.key("trusted_device_token").string(remember_token);
      out.end_object();
      return ok(out.text());
    }
  }
  std::abort();
}

net::HttpResponse Dialect::started(const AttemptId& attempt) const {
  Document out;
  out.text("txid", attempt.text());
  return ok(out, format);
}

}  // namespace countersign::duo
