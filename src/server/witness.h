// A witness: remembers the newest head of each log that it watches and cosigns what continues it (C2SP tlog-witness).
// core/ledger/witness.h decides; here is what makes it hold: a head is on disk before its cosignature exists.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/ledger/witness.h"
#include "net/http.h"

namespace countersign::server {

// The witness's key in DIR/witness.key, made with that name on first start ("" for a name made from the key).
// refused: the key that is there has another name.   malformed: it cannot be read.
Result<ledger::SigningKey> open_witness_key(const std::string& dir, std::string_view name, Random& random);

class Witness {
 public:
  struct Parts {
    const Clock& clock;
    ledger::VerifierKey key;
    ledger::Sign sign;
  };

 private:
  struct Kept {
    ledger::WitnessedLog log;
    std::string file;
    std::mutex turn;  // of the requests of this log
  };

  Parts parts_;
  std::map<std::string, Kept, std::less<>> logs_;  // by origin; the map itself never changes

 public:
  // Reads what DIR/heads keeps of these logs; several keys of one origin are one log's.
  // malformed: what is kept cannot be read, or a key is not a log's. A witness that forgot must not sign.
  static Result<std::unique_ptr<Witness>> open(Parts parts, const std::string& dir,
                                               const std::vector<ledger::VerifierKey>& logs);

  // The body of an add-checkpoint to its answer. unavailable: the head cannot be kept, so it is not cosigned.
  // Thread-safe; waits for the disk.
  Result<ledger::WitnessAnswer> answer(std::string_view body);

  // POST …/add-checkpoint; anything else is 404 or 405. Never a face's handler: it waits for the disk.
  net::HttpResponse serve(const net::HttpRequest& request);

 private:
  explicit Witness(Parts parts) : parts_(std::move(parts)) {}
};

}  // namespace countersign::server
