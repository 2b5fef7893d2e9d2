#include "faces/control/commands.h"

#include <algorithm>
#include <charconv>

#include "core/codec/utf8.h"

namespace countersign::control {
namespace {

Error wrong(std::string_view name, std::string_view what) {
  return Error{Errc::malformed, std::string(name) + ": " + std::string(what)};
}

}  // namespace

Result<std::optional<std::string>> Args::maybe(std::string_view name) const {
  const codec::Json* value = json_.find(name);
  if (value == nullptr) return std::optional<std::string>();
  const auto text = value->as_string();
  if (!text || json_.count(name) > 1 || !codec::valid_text(*text)) return wrong(name, "must be one text");
  return std::optional<std::string>(*text);
}

Result<std::string> Args::text(std::string_view name) const {
  std::optional<std::string> value = TRY(maybe(name));
  if (!value || value->empty()) return wrong(name, "is missing");
  return *std::move(value);
}

Result<std::string> Args::text_or(std::string_view name, std::string_view fallback) const {
  std::optional<std::string> value = TRY(maybe(name));
  return value ? *std::move(value) : std::string(fallback);
}

Result<std::optional<std::int64_t>> Args::maybe_number(std::string_view name, Range range) const {
  const std::optional<std::string> text = TRY(maybe(name));
  if (!text) return std::optional<std::int64_t>();
  std::int64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || stop != end || number < range.least || number > range.most) {
    return wrong(name, "must be a whole number, " + std::to_string(range.least) + " to " + std::to_string(range.most));
  }
  return std::optional<std::int64_t>(number);
}

Result<std::optional<bool>> Args::maybe_yes(std::string_view name) const {
  const std::optional<std::string> text = TRY(maybe(name));
  if (!text) return std::optional<bool>();
  if (*text != "yes" && *text != "no") return wrong(name, "must be yes or no");
  return std::optional<bool>(*text == "yes");
}

Result<bool> Args::flag(std::string_view name) const {
  const codec::Json* value = json_.find(name);
  if (value == nullptr) return false;
  const auto set = value->as_bool();
  if (!set) return wrong(name, "takes no value");
  return *set;
}

Result<std::vector<std::string>> Args::rest(std::string_view name) const {
  std::vector<std::string> out;
  if (const codec::Json* value = json_.find(name)) {
    for (const codec::Json& item : value->items()) {
      const auto text = item.as_string();
      if (!text || !codec::valid_text(*text)) return wrong(name, "must be texts");
      out.emplace_back(*text);
    }
  }
  if (out.empty()) return wrong(name, "at least one is needed");
  return out;
}

Error list_too_long() {
  return {Errc::exhausted,
          "the list is over 2,000,000 lines or 64 MiB; ask for shorter times, each with its part of it"};
}

Result<std::vector<std::string>> list_of(std::string_view text) {
  if (text.size() > kListBytesMax) return list_too_long();
  std::vector<std::string> out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (line.size() > kListItemMax || !codec::valid_text(line)) {
      return wrong("line " + std::to_string(number), "is not UTF-8, or longer than 256 bytes");
    }
    if (out.size() == kListItemsMax) return list_too_long();
    out.emplace_back(line);
  }
  if (out.empty()) return Error{Errc::malformed, "the list is empty"};
  return out;
}

Result<Tenant> the_tenant(const Call& call) {
  const std::string given = TRY(call.args.text("tenant"));
  return flow::find_tenant(call.by.ports, given);
}

Result<std::optional<TenantId>> maybe_tenant(const Call& call) {
  const std::optional<std::string> given = TRY(call.args.maybe("tenant"));
  if (!given) return std::optional<TenantId>();
  const Tenant tenant = TRY(flow::find_tenant(call.by.ports, *given));
  return std::optional<TenantId>(tenant.id);
}

const std::vector<Command>& commands() {
  static const std::vector<Command> all = [] {
    std::vector<Command> out;
    for (const auto& group : {tenant_commands(), app_commands(), user_commands(), group_commands(), phone_commands(),
                              token_commands(), policy_commands(), log_commands(), incident_commands(), key_commands(),
                              custody_commands(), export_commands(), ledger_commands(), mail_commands(),
                              glass_commands(), retention_commands()}) {
      out.insert(out.end(), group.begin(), group.end());
    }
    return out;
  }();
  return all;
}

const Command* command(std::string_view words) {
  for (const Command& c : commands()) {
    if (c.words == words) return &c;
  }
  return nullptr;
}

}  // namespace countersign::control
