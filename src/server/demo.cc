#include "server/demo.h"

#include <filesystem>
#include <system_error>

#include "flow/administer.h"
#include "flow/administer_factors.h"
#include "flow/administer_users.h"

namespace countersign::server {
namespace {

constexpr std::string_view kTenantName = "Demo";
constexpr std::string_view kAppName = "Demo login";
constexpr std::string_view kUserName = "demo";

struct Demo {
  Tenant tenant;
  Application app;
  Phone phone;
};

template <class T, class Make>
Result<T> found_or_made(Result<T> found, Make make) {
  if (found || found.error().code != Errc::not_found) return found;
  return make();
}

Result<Demo> find_or_make(const flow::Administration& by) {
  Demo demo;
  demo.tenant = TRY(found_or_made(flow::find_tenant(by.ports, kTenantName), [&] {
    return flow::create_tenant(by, std::string(kTenantName), TenantId());
  }));
  demo.app = TRY(found_or_made(flow::find_app(by.ports, demo.tenant.id, kAppName), [&]() -> Result<Application> {
    flow::AppDraft draft;
    draft.tenant = demo.tenant.id;
    draft.type = AppType::unix_login;
    draft.name = kAppName;
    draft.signatures.allow_v1 = true;  // Debian 12's login_duo signs without a date
    return TRY(flow::create_app(by, std::move(draft))).app;
  }));
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
  const Secret key = TRY(flow::app_secret(ports, demo.app));
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
  out += "2. As root, put this into a file of mode 600, say demo.conf:\n\n";
  out += "[duo]\nikey = " + demo.app.id.text() + "\nskey = ";
  out += key.reveal();
  out += "\nhost = " + at.api_hostname + "\n";
  if (!at.ca_file.empty()) out += "cafile = " + at.ca_file + "\n";
  out += "pushinfo = yes\nfailmode = secure\n\n";
  out += "3. As root, sign in with a second factor (Debian: apt install login-duo; others may not use its -c):\n"
         "     login_duo -c demo.conf -f demo echo \"signed in\"\n"
         "   and choose a push, whose number you type in the authenticator, or type a code.\n\n";
  return Secret(std::move(out));
}

}  // namespace countersign::server
