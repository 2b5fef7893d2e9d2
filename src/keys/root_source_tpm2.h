// The root key's file sealed by the machine's TPM 2.0: a copy of the data directory opens on no other machine.
#pragma once

#include <memory>
#include <string_view>

#include "core/base/result.h"
#include "keys/root_source.h"

namespace countersign::keys {

// "tpm2:" and a TCTI of tpm2-tss: "tpm2:device:/dev/tpmrm0", or "tpm2:" for that one; "tpm2:swtpm:path=/…" in tests.
// malformed: characters that no TCTI has.
Result<std::unique_ptr<RootWrapper>> tpm2_wrapper(std::string_view text);

}  // namespace countersign::keys
