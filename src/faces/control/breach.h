// The commands of the worst day: scope, bundle, notices, kill (docs/operating/incident.md).
#pragma once

#include <vector>

#include "faces/control/commands.h"

namespace countersign::control {

std::vector<Command> scope_commands();
std::vector<Command> kill_commands();
std::vector<Command> bundle_commands();
std::vector<Command> notice_commands();

}  // namespace countersign::control
