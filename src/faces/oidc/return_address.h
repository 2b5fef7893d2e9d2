// Where a browser may be sent back to: the application's redirect_uri.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/codec/form.h"
#include "core/identity/application.h"

namespace countersign::oidc {

// With a list: one of it, character for character (RFC 9700 §2.1). Without one: whatever check_redirect_uri lets pass.
// malformed: something else; the text says what.
Result<void> allow_redirect_uri(std::string_view uri, const Application& app);

// The URI with more parameters in its query (RFC 6749 §4.1.2); what is there is kept.
std::string with_parameters(std::string uri, const codec::Form& parameters);

}  // namespace countersign::oidc
