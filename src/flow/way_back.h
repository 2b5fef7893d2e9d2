// The address a browser is sent back to.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/signin/visit.h"

namespace countersign::flow {

// The application's redirect_uri with its state and `parameters` added to the query, each encoded (RFC 6749 §4.1.2).
std::string way_back(const signin::ReturnTo& back,
                     const std::vector<std::pair<std::string_view, std::string_view>>& parameters);
// Its origin: scheme, host and port.
std::string back_origin(const signin::ReturnTo& back);

}  // namespace countersign::flow
