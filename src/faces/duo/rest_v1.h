// The endpoints of /rest/v1, in JSON and BSON: what Debian's own packages speak (duo-api §3.4).
#pragma once

#include "faces/duo/call.h"

namespace countersign::duo::rest_v1 {

net::Reply ping(Call& call);
net::Reply check(Call& call);
net::Reply preauth(Call& call);
net::Reply auth(Call& call);

}  // namespace countersign::duo::rest_v1
