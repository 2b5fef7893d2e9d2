// Requests of the Duo face as clients sign them, and its answers as clients read them.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/codec/form.h"
#include "core/codec/http_date.h"
#include "core/crypto/mac.h"
#include "faces/duo/authorization.h"
#include "faces/duo/bson.h"
#include "faces/duo/canonical.h"
#include "testing/small_world.h"

namespace countersign::duo {

struct Ask {
  std::string method = "POST";
  std::string path;
  std::vector<std::pair<std::string, std::string>> parameters;
  SignatureVersion version = SignatureVersion::v2;
  crypto::HashKind hash = crypto::HashKind::sha512;
  std::string host = "localhost";
  milliseconds clock_ahead{0};
  bool in_query = false;  // of a POST, as Postman sends it
  std::string secret_key = testing::SmallWorld::secret_key;

  Ask with(std::string name, std::string value) const {
    Ask out = *this;
    out.parameters.emplace_back(std::move(name), std::move(value));
    return out;
  }
  Ask signed_as(SignatureVersion v, crypto::HashKind h = crypto::HashKind::sha512) const {
    Ask out = *this;
    out.version = v;
    out.hash = h;
    return out;
  }
};

inline Ask post(std::string path) { return {"POST", std::move(path), {}}; }
inline Ask get(std::string path) { return {"GET", std::move(path), {}}; }

// An answer, whatever format it came in.
struct Said {
  net::HttpResponse raw;
  nlohmann::json body;

  int status() const { return raw.status; }
  int code() const { return body.value("code", 0); }
  std::string detail() const { return body.value("message_detail", ""); }
  const nlohmann::json& response() const { return body.at("response"); }
  std::string operator[](const char* key) const {
    if (!body.contains("response") || !body["response"].is_object()) return "(" + raw.body + ")";
    return body["response"].value(key, "(none)");
  }
};

inline net::HttpRequest signed_request(const Ask& ask, const AppId& app, Instant now, const std::string& peer) {
  net::HttpRequest out;
  out.method = ask.method;
  out.path = ask.path;
  out.host = ask.host;
  out.peer = peer;
  out.headers.push_back({"host", ask.host});
  const bool json = ask.version == SignatureVersion::v4 || ask.version == SignatureVersion::v5;
  const std::string form = codec::write_form(ask.parameters);
  const bool query = ask.method == "GET" || ask.in_query;
  if (query) {
    out.query = form;
  } else if (json) {
    nlohmann::json body = nlohmann::json::object();
    for (const auto& [name, value] : ask.parameters) body[name] = value;
    out.body = body.dump();
    out.headers.push_back({"content-type", "application/json"});
  } else {
    out.body = form;
    out.headers.push_back({"content-type", "application/x-www-form-urlencoded"});
  }
  const std::string date = codec::http_date(now + ask.clock_ahead);
  if (ask.version != SignatureVersion::v1) out.headers.push_back({"date", date});
  SignedLines lines;
  lines.date = date;
  lines.method = out.method;
  lines.host = ask.host;
  lines.path = out.path;
  const std::string parameters =
      CanonicalParameters::of(json || query ? out.query : out.body)->by_key_then_value();
  const std::string body = body_line(out.body), headers = header_line(out.headers);
  lines.parameters = parameters;
  lines.body = body;
  lines.headers = headers;
  std::string text;
  write_canonical(ask.version, lines, text);
  const Bytes mac = crypto::hmac(ask.hash, bytes_of(ask.secret_key), bytes_of(text));
  out.headers.push_back({"authorization", write_authorization({app.text(), ask.hash, mac})});
  return out;
}

inline Said read_answer(const net::HttpResponse& response) {
  Said out{response, nullptr};
  if (response.content_type == "application/json") out.body = nlohmann::json::parse(response.body);
  if (response.content_type == "application/bson") {
    const Result<Document> document = parse_bson(response.body);
    EXPECT_TRUE(document);
    if (document) out.body = nlohmann::json::parse(to_json(*document));
  }
  return out;
}

}  // namespace countersign::duo
