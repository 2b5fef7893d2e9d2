// From what the portal has to show to the page that shows it. Pure: no ports, no request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "flow/portal.h"
#include "flow/portal_changes.h"
#include "web/page.h"

namespace countersign::portal {

struct Screen {
  std::string language;
  TenantId tenant;
  std::string path;  // of this page, for the choice of another language
  std::string id;    // what the page is about: a factor or an event
  std::string said;  // a word about what has just happened
};

// "/portal/DA…", where everything of a tenant's portal lives.
std::string base_of(const TenantId& tenant);
// Words that we put into addresses ourselves; any other says nothing.
bool is_said(std::string_view word);

std::string draw_list(const web::Templates& templates, const Screen& screen, const flow::PortalView& view);
// A page about one thing of the list; empty: there is no such thing (any more).
std::string draw_removal(const web::Templates& templates, const Screen& screen, const flow::PortalView& view);
std::string draw_name(const web::Templates& templates, const Screen& screen, const flow::PortalView& view);
std::string draw_report(const web::Templates& templates, const Screen& screen, const flow::PortalView& view);
// The ceremony or the authenticator in progress; empty: there is none.
std::string draw_proof(const web::Templates& templates, const Screen& screen, const flow::PortalView& view);
std::string draw_passkey(const web::Templates& templates, const Screen& screen, const flow::PortalView& view);
std::string draw_phone(const web::Templates& templates, const Screen& screen, const flow::PortalView& view);
// Shown once.
std::string draw_codes(const web::Templates& templates, const Screen& screen, const std::vector<std::string>& codes);
std::string draw_protected(const web::Templates& templates, const Screen& screen);
// For those without a session.
std::string draw_door(const web::Templates& templates, const Screen& screen, const std::string& options);
std::string draw_index(const web::Templates& templates, const Screen& screen);

}  // namespace countersign::portal
