#include "testing/source_dir.h"

namespace countersign::testing {

std::filesystem::path source_dir() { return COUNTERSIGN_SOURCE_DIR; }

}  // namespace countersign::testing
