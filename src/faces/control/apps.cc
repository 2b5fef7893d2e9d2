#include <algorithm>

#include "faces/control/commands.h"
#include "faces/control/rows.h"

namespace countersign::control {
namespace {

constexpr Argument kApp{"app", Shape::positional, Need::required, "Its integration key, or its name with --tenant"};

std::string row_of(const Call& call, const Application& app, const Secret& secret_key) {
  codec::JsonWriter w;
  w.begin_object();
  write(w, app, call.api_hostname, secret_key.reveal());
  w.end_object();
  return w.take();
}

Result<Application> the_app(const Call& call) {
  const std::string given = TRY(call.args.text("app"));
  return flow::find_app(call.by.ports, TRY(maybe_tenant(call)), given);
}

// "U,U"; none of them may be empty. A comma inside a URI is written %2C.
std::vector<std::string> uris_of(std::string_view list) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    out.emplace_back(list.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

// nullopt: not given. "none" empties the list.
Result<std::optional<std::vector<std::string>>> redirect_uris(const Call& call) {
  const std::optional<std::string> given = TRY(call.args.maybe("redirect-uri"));
  if (!given) return std::optional<std::vector<std::string>>();
  return std::optional(*given == "none" ? std::vector<std::string>() : uris_of(*given));
}

Result<void> create(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  const std::string type = TRY(call.args.text("type"));
  const std::optional<AppType> known = app_type(type);
  if (!known) {
    return Error{Errc::malformed,
                 "type: must be authapi, unix, websdk, adminapi, accountsapi, radius, ldapproxy or partner"};
  }
  flow::AppDraft draft;
  draft.tenant = tenant.id;
  draft.type = *known;
  draft.name = TRY(call.args.text("name"));
  if (const auto key = TRY(call.args.maybe("integration-key"))) draft.key = TRY(AppId::parse(*key));
  draft.secret_key = Secret(TRY(call.args.text_or("secret-key", "")));
  draft.signatures.allow_v1 = TRY(call.args.flag("allow-signature-v1"));
  draft.redirect_uris = TRY(redirect_uris(call)).value_or(std::vector<std::string>());
  const flow::CreatedApp made = TRY(flow::create_app(call.by, std::move(draft)));
  call.row(row_of(call, made.app, made.secret_key));
  return {};
}

Result<void> list(const Call& call) {
  const Tenant tenant = TRY(the_tenant(call));
  for (const Application& app : TRY(flow::list_apps(call.by.ports, tenant.id))) {
    if (!call.row(row_of(call, app, Secret()))) break;
  }
  return {};
}

Result<void> show(const Call& call) {
  call.row(row_of(call, TRY(the_app(call)), Secret()));
  return {};
}

Result<void> update(const Call& call) {
  flow::AppChange change;
  change.name = TRY(call.args.maybe("name"));
  change.enabled = TRY(call.args.maybe_yes("enabled"));
  change.allow_v1 = TRY(call.args.maybe_yes("allow-signature-v1"));
  change.allow_sha1 = TRY(call.args.maybe_yes("allow-sha1"));
  change.redirect_uris = TRY(redirect_uris(call));
  change.new_secret = TRY(call.args.flag("new-secret-key")) ? flow::NewSecret::yes : flow::NewSecret::no;
  const Application app = TRY(the_app(call));
  const flow::ChangedApp changed = TRY(flow::change_app(call.by, app, std::move(change)));
  call.row(row_of(call, changed.app, changed.secret_key));
  return {};
}

Result<void> disable(const Call& call) {
  flow::AppChange change;
  change.enabled = false;
  const Application app = TRY(the_app(call));
  const flow::ChangedApp changed = TRY(flow::change_app(call.by, app, std::move(change)));
  call.row(row_of(call, changed.app, changed.secret_key));
  return {};
}

}  // namespace

std::vector<Command> app_commands() {
  return {
      {.words = "app create", .touch = kChanges,
       .meaning = "Make an application: the keys a client program signs its requests with",
       .arguments = {kTenant,
                     {"type", Shape::option, Need::required,
                      "authapi, unix (login_duo, pam_duo), websdk, adminapi, accountsapi, radius, ldapproxy, partner"},
                     {"name", Shape::option, Need::required, "What people see on their phone"},
                     {"integration-key", Shape::option, Need::optional, "Keep a key you have: DI and 18 characters"},
                     {"secret-key", Shape::option, Need::optional, "Keep a key you have: 40 letters and digits"},
                     {"redirect-uri", Shape::option, Need::optional,
                      "Where visits to the prompt may end: https or http://localhost, several with commas between"},
                     {"allow-signature-v1", Shape::flag, Need::optional,
                      "Accept signatures without a date, as login_duo and pam_duo 1.x send them"}},
       .run = create},
      {.words = "app list", .touch = kLists, .meaning = "Show the applications of a tenant", .arguments = {kTenant},
       .rows = Rows::many, .run = list},
      {.words = "app show", .touch = kLists,
       .meaning = "Show one application", .arguments = {kApp, kWithinTenant}, .run = show},
      {.words = "app update", .touch = kChanges,
       .meaning = "Change an application; --new-secret-key makes and shows a new secret, the old one stops at once",
       .arguments = {kApp, kWithinTenant,
                     {"name", Shape::option, Need::optional, "A new name"},
                     {"enabled", Shape::option, Need::optional, "yes or no"},
                     {"allow-signature-v1", Shape::option, Need::optional, "yes or no"},
                     {"allow-sha1", Shape::option, Need::optional, "yes or no; older clients sign with SHA-1"},
                     {"redirect-uri", Shape::option, Need::optional,
                      "Where visits to the prompt may end instead, with commas between; none: anywhere"},
                     {"new-secret-key", Shape::flag, Need::optional, "Replace the secret key"}},
       .run = update},
      {.words = "app disable", .touch = kChanges, .meaning = "Refuse an application's requests from now on",
       .arguments = {kApp, kWithinTenant}, .run = disable},
  };
}

}  // namespace countersign::control
