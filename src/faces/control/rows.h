// The objects of answers: each function writes the members of one into an object that is open.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/codec/json_write.h"
#include "core/identity/application.h"
#include "core/identity/enrolment.h"
#include "core/identity/tenant.h"
#include "core/identity/user.h"

namespace countersign::control {

void write(codec::JsonWriter& to, const Tenant& tenant);
void write(codec::JsonWriter& to, const User& user);
void write(codec::JsonWriter& to, const Group& group);
void write(codec::JsonWriter& to, const Phone& phone);           // the number masked
void write_token(codec::JsonWriter& to, const Enrolment& token);
// Without the secret key; `secret_key` comes after the integration key where it is shown.
void write(codec::JsonWriter& to, const Application& app, std::string_view api_hostname, std::string_view secret_key);

// The members as one object.
template <class T>
std::string object(const T& thing) {
  codec::JsonWriter w;
  w.begin_object();
  write(w, thing);
  w.end_object();
  return w.take();
}

// "2026-01-02T03:04:05Z", or null.
void write_time(codec::JsonWriter& to, std::string_view key, const std::optional<Instant>& time);

// "1767323045", "1767323045000", "2026-01-02", "2026-01-02T03:04[:05[.123]][Z|+01:00]"; without a zone it is UTC.
// malformed: anything else.
Result<Instant> parse_time(std::string_view text);

}  // namespace countersign::control
