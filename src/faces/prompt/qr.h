// The QR code of an activation link.
#pragma once

#include "web/qr.h"

namespace countersign::prompt {

using web::kQrQuietModules;
using web::kQrTextMax;
using web::qr_outline;
using web::QrOutline;

}  // namespace countersign::prompt
