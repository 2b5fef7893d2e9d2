// The bodies of this face, as web/reader sends and reads them.
#pragma once

#include <string>
#include <string_view>

#include "flow/custody.h"

namespace countersign::reader {

inline constexpr std::size_t kBodyMax = 8 * 1024;

// {"token"}.   malformed: anything else.
Result<Secret> read_look(std::string_view body);
// {"token", "name", "public_key", "credential", "salt", "wrapped"}, bytes in base64url.   malformed: anything else.
Result<flow::SlotUpload> read_slot(std::string_view body);

// The tenant, and the slots of the key that a passkey can be added to, as an export names them.
std::string write_invitation(const flow::Invitation& invitation);
std::string write_taken(bool new_key);
std::string write_error(Errc code);

}  // namespace countersign::reader
