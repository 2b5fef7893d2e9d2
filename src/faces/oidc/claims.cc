#include "faces/oidc/claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace countersign::oidc {
namespace {

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

bool same_letters(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::int64_t seconds_of(milliseconds span) { return std::chrono::ceil<seconds>(span).count(); }

}  // namespace

void ClaimReader::fail(std::string cause) {
  if (cause_.empty()) cause_ = std::move(cause);
}

std::string ClaimReader::need_unicode(std::string_view claim, Length length) {
  const codec::Json* value = claims_.find(claim);
  if (!value || value->is_null()) {
    fail(fmt::format("{}: it is missing.", claim));
    return {};
  }
  const Result<std::string_view> text = value->as_string();
  if (!text) {
    fail(fmt::format("{}: it must be a text.", claim));
    return {};
  }
  if (text->size() < length.least || text->size() > length.most) {
    fail(fmt::format("{}: its length must be from {} to {}, it is {}.", claim, length.least, length.most,
                     text->size()));
    return {};
  }
  return std::string(*text);
}

std::string ClaimReader::need(std::string_view claim, Length length) {
  std::string text = need_unicode(claim, length);
  if (printable(text)) return text;
  fail(fmt::format("{}: it must be printable ASCII.", claim));
  return {};
}

std::string ClaimReader::text(std::string_view claim, Length length) {
  const codec::Json* value = claims_.find(claim);
  if (!value || value->is_null()) return {};
  return need(claim, length);
}

void ClaimReader::same(std::string_view claim, std::string_view expected) {
  const codec::Json* value = claims_.find(claim);
  if (!value || value->is_null()) return;
  const Result<std::string_view> text = value->as_string();
  if (!text || *text != expected) fail(fmt::format("{}: it must be the client_id.", claim));
}

ClaimReader::Flag ClaimReader::flag(std::string_view claim) {
  const codec::Json* value = claims_.find(claim);
  if (!value || value->is_null()) return Flag::off;
  if (value->is_bool()) return *value->as_bool() ? Flag::on : Flag::off;
  const Result<std::string_view> text = value->as_string();
  if (text && same_letters(*text, "true")) return Flag::on;
  if (!text || !same_letters(*text, "false")) fail(fmt::format("{}: it must be true or false.", claim));
  return Flag::off;
}

std::optional<Instant> ClaimReader::time(std::string_view claim) {
  const Result<Instant> at = codec::numeric_date(claims_, claim);
  if (at) return *at;
  if (at.error().code == Errc::malformed) fail(fmt::format("{}: it must be a time in seconds since 1970.", claim));
  return std::nullopt;
}

void ClaimReader::not_ahead(std::string_view claim, Instant now) {
  const std::optional<Instant> at = time(claim);
  if (!at || *at <= now + kLeeway) return;
  fail(fmt::format("{}: it is {} s in the future ({} s are allowed); check the clocks.", claim, seconds_of(*at - now),
                   kLeeway.count()));
}

Instant ClaimReader::good_until(Instant now) {
  not_ahead("iat", now);
  not_ahead("nbf", now);
  const std::optional<Instant> exp = time("exp");
  if (!exp) {
    fail("exp: it is missing.");
    return now;
  }
  if (*exp + kLeeway <= now) {
    fail(fmt::format("exp: the token was good until {} s ago ({} s are allowed); sign in anew, or check the clocks.",
                     seconds_of(now - *exp), kLeeway.count()));
  } else if (*exp > now + kLifetimeMax + kLeeway) {
    fail(fmt::format("exp: it is {} s in the future, {} are allowed.", seconds_of(*exp - now),
                     (kLifetimeMax + kLeeway).count()));
  }
  return *exp + kLeeway;
}

std::optional<std::string> ClaimReader::audience(const HostNames& hosts, std::string_view path) {
  const codec::Json* value = claims_.find("aud");
  if (!value || value->is_null()) return std::nullopt;
  if (value->is_array() && value->items().size() == 1) value = &value->items().front();
  const Result<std::string_view> text = value->as_string();
  const auto url = text ? split_https(*text) : std::nullopt;
  if (!url || (!url->path.empty() && url->path != path)) {
    fail(fmt::format("aud: it must be https://HOST{} with the host name of this server.", path));
    return std::nullopt;
  }
  if (!hosts.know(url->authority)) {
    fail("aud: its host name is not one that this server is configured with.");
    return std::nullopt;
  }
  return std::string(url->authority);
}

}  // namespace countersign::oidc
