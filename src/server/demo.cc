#include "server/demo.h"

#include <filesystem>
#include <system_error>

#include "core/codec/json_write.h"
#include "flow/administer.h"
#include "flow/administer_factors.h"
#include "flow/administer_users.h"
#include "server/data_dir.h"

namespace countersign::server {
namespace {

constexpr std::string_view kTenantName = "Demo";
constexpr std::string_view kLoginName = "Demo login";
constexpr std::string_view kWebAppName = "Demo web app";
constexpr std::string_view kWebAppUrl = "http://localhost:8444";  // as clients/demo listens
constexpr std::string_view kUserName = "demo";

struct Demo {
  Tenant tenant;
  Application login, web_app;
  Phone phone;
};

template <class T, class Make>
Result<T> found_or_made(Result<T> found, Make make) {
  if (found || found.error().code != Errc::not_found) return found;
  return make();
}

Result<Application> find_or_make_app(const flow::Administration& by, const Tenant& tenant, flow::AppDraft draft) {
  draft.tenant = tenant.id;
  return found_or_made(flow::find_app(by.ports, tenant.id, draft.name), [&]() -> Result<Application> {
    return TRY(flow::create_app(by, std::move(draft))).app;
  });
}

Result<Demo> find_or_make(const flow::Administration& by) {
  Demo demo;
  demo.tenant = TRY(found_or_made(flow::find_tenant(by.ports, kTenantName), [&] {
    return flow::create_tenant(by, std::string(kTenantName), TenantId());
  }));
  flow::AppDraft login;
  login.type = AppType::unix_login;
  login.name = kLoginName;
  login.signatures.allow_v1 = true;  // Debian 12's login_duo signs without a date
  demo.login = TRY(find_or_make_app(by, demo.tenant, std::move(login)));
  flow::AppDraft web_app;
  web_app.type = AppType::websdk;
  web_app.name = kWebAppName;
  web_app.redirect_uris = {std::string(kWebAppUrl) + "/callback"};
  demo.web_app = TRY(find_or_make_app(by, demo.tenant, std::move(web_app)));
  const User user = TRY(found_or_made(flow::find_user(by.ports, demo.tenant.id, kUserName), [&] {
    flow::UserDraft draft;
    draft.tenant = demo.tenant.id;
    draft.username = kUserName;
    return flow::create_user(by, std::move(draft));
  }));
  const std::vector<Phone> phones = TRY(flow::belongings_of(by.ports, user)).phones;
  if (!phones.empty()) {
    demo.phone = phones.front();
    return demo;
  }
  flow::PhoneDraft draft;
  draft.name = "Demo phone";
  demo.phone = TRY(flow::create_phone(by, user, draft));
  return demo;
}

// What clients/demo is configured with. Anew at every start: host and port may be others.
Result<void> write_app_file(const flow::Ports& ports, const Application& app, const DemoAddresses& at) {
  const Secret key = TRY(flow::app_secret(ports, app));
  codec::JsonWriter w;
  w.begin_object().key("client_id").string(app.id.text()).key("client_secret").string(key.reveal());
  w.key("api_hostname").string(at.api_hostname).key("ca").string(at.ca_file).end_object();
  const Secret text(w.take() + "\n");
  return write_file(at.app_file, text.reveal(), Readers::owner);
}

// This program as it can be typed anywhere: the one just built is in nobody's PATH.
std::string program() {
  std::error_code failed;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? "countersign" : path.string();
}

std::string authenticator(const DemoAddresses& at, std::string_view words) {
  std::string out = "     " + program() + " authenticator " + std::string(words) + " --store demo.authenticator";
  if (!at.ca_file.empty()) out += " --ca " + at.ca_file;
  return out + "\n";
}

}  // namespace

Result<Secret> prepare_demo(const flow::Ports& ports, const DemoAddresses& at) {
  const flow::Administration by{ports, {.type = "system", .key = "", .name = "demo"}};
  const Demo demo = TRY(find_or_make(by));
  TRY(write_app_file(ports, demo.web_app, at));
  const Secret key = TRY(flow::app_secret(ports, demo.login));
  std::string out = "\nCountersign is up at " + at.public_url + "/\n\n";
  if (demo.phone.activated) {
    out += "1. The demo user has an authenticator already; it answers by\n";
  } else {
    const flow::ActivationLink link =
        TRY(flow::activate_phone(by, demo.phone, ports.settings.activation_lifetime));
    out += "1. Give the demo user an authenticator. Open this link on a phone, or use the one in this program:\n" +
           authenticator(at, "activate " + link.url) + "   It shows codes, and answers requests by\n";
  }
  out += authenticator(at, "code") + authenticator(at, "approve --wait 60 --number NUMBER") + "\n";
  out += "2. Open " + std::string(kWebAppUrl) + ", sign in as demo, password demo, and confirm on the next page.\n" +
         "   `make run` serves that page (clients/demo). Somebody else's name, say yours, is led through enrolment.\n";
  if (!at.ca_file.empty()) out += "   Let the browser trust " + at.ca_file + ", or go on without; passkeys need it.\n";
  out += "\n3. As root, put this into a file of mode 600, say demo.conf:\n\n[duo]\nikey = " + demo.login.id.text();
  out += "\nskey = ";
  out += key.reveal();
  out += "\nhost = " + at.api_hostname + "\n";
  if (!at.ca_file.empty()) out += "cafile = " + at.ca_file + "\n";
  out += "pushinfo = yes\nfailmode = secure\n\n";
  out += "4. As root, sign in with a second factor (Debian: apt install login-duo; others may not use its -c):\n"
         "     login_duo -c demo.conf -f demo echo \"signed in\"\n"
         "   and choose a push, whose number you type in the authenticator, or type a code.\n\n";
  return Secret(std::move(out));
}

}  // namespace countersign::server
