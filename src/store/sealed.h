// Every column that holds service-class values, and walking through them in the order of their keys.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/id.h"
#include "store/store.h"

namespace countersign::store {

enum class KeyKind { text, digest };  // digest: bytes in the table, hexadecimal in the place that is bound

// A new column of this class is one line in sealed.cc and two statements; a test compares with the migrations.
struct SealedColumn {
  std::string_view table;
  std::string_view column;  // as the place has it (keys::Place)
  std::string_view sql_column;
  KeyKind key;
  Query page, update;
};
std::span<const SealedColumn> sealed_columns();

// Where a walk is: before the first row of a table, when empty.
struct SealedCursor {
  std::string tenant, owner;
  Bytes key;
};

struct SealedValue {
  SealedCursor at;
  TenantId tenant;
  std::string row;  // as the place has it
  Bytes sealed;     // empty: there is none in this row
};

// The next rows after `after`, at most `limit`; fewer mean the end.
Result<std::vector<SealedValue>> sealed_page(Txn& txn, const SealedColumn& column, const SealedCursor& after,
                                             int limit);

// False: the value was changed or deleted meanwhile.
Result<bool> replace_sealed(Txn& txn, const SealedColumn& column, const SealedValue& read, ByteView sealed);

// Writes one of the server's own values, also over an older one.
Result<void> put_server_value(Txn& txn, std::string_view name, ByteView value);

}  // namespace countersign::store
