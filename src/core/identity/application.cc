#include "core/identity/application.h"

#include <utility>

namespace countersign {
namespace {

constexpr std::pair<AppType, std::string_view> kNames[] = {
    {AppType::authapi, "authapi"},         {AppType::unix_login, "unix"},   {AppType::websdk, "websdk"},
    {AppType::adminapi, "adminapi"},       {AppType::accountsapi, "accountsapi"}, {AppType::radius, "radius"},
    {AppType::ldapproxy, "ldapproxy"},     {AppType::partner, "partner"},
};

}  // namespace

std::string_view name(AppType type) {
  for (const auto& [t, text] : kNames) {
    if (t == type) return text;
  }
  return {};
}

std::optional<AppType> app_type(std::string_view text) {
  for (const auto& [t, known] : kNames) {
    if (known == text) return t;
  }
  return std::nullopt;
}

bool may_authenticate(AppType type) {
  switch (type) {
    case AppType::authapi:
    case AppType::unix_login:
    case AppType::websdk:
    case AppType::radius:
    case AppType::ldapproxy:
    case AppType::partner: return true;
    case AppType::adminapi:
    case AppType::accountsapi: return false;
  }
  return false;
}

}  // namespace countersign
