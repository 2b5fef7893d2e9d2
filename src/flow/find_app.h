// Which application is calling, and what may be known before anyone signs in.
#pragma once

#include <optional>

#include "core/identity/application.h"
#include "flow/ports.h"

namespace countersign::flow {

// nullopt: no application has this integration key.
Result<std::optional<Application>> find_app(const Ports& ports, const AppId& id);

// The logo of a tenant as PNG; empty when it has none.
Result<Bytes> tenant_logo(const Ports& ports, const TenantId& tenant);

}  // namespace countersign::flow
