// The endpoints of /auth/v2 (duo-api §3).
#pragma once

#include "faces/duo/call.h"

namespace countersign::duo::auth_v2 {

net::Reply time(Call& call);  // ping and check
net::Reply logo(Call& call);
net::Reply preauth(Call& call);
net::Reply auth(Call& call);
net::Reply enroll(Call& call);
net::Reply enroll_status(Call& call);
net::Reply bypass_codes(Call& call);

}  // namespace countersign::duo::auth_v2
