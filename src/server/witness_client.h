// The log's side of C2SP tlog-witness: shows each new head to the witnesses and gathers their cosignatures. Blocking;
// it runs on the keeper's thread, where a witness that is away delays no sign-in.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger/witness.h"
#include "flow/witness_book.h"
#include "net/http_client.h"
#include "oplog/log.h"
#include "server/dispatcher.h"

namespace countersign::server {

// "URL VKEY" each.   malformed: a line that is none, plain HTTP to another machine, a key that stands twice, or a
// quorum above their number.
Result<std::vector<flow::KnownWitness>> read_witnesses(const std::vector<std::string>& lines, std::size_t quorum);

struct WitnessPorts {
  const flow::Ports& flow;
  oplog::Log& log;
  flow::WitnessBook& book;
  std::string ca_file;  // of the witnesses' certificates; empty: the system's
};

class WitnessClient {
  struct Line {
    std::optional<net::HttpClient> http;
    std::string target;      // "/prefix/add-checkpoint"
    std::uint64_t size = 0;  // that the witness has, as far as known
    Instant told{};          // when the operator last heard that it disagrees
  };
  WitnessPorts ports_;
  Pauses pauses_;
  std::vector<Line> lines_;

 public:
  // not_found, malformed: the CA file.
  static Result<std::unique_ptr<WitnessClient>> make(WitnessPorts ports);

  // flow::Witness: the note with the cosignatures that it has and those that came. What went wrong is in the book, in
  // the log, and nowhere else: publishing goes on.
  std::string ask(const std::string& note);

 private:
  struct Shown {
    ledger::Note note;
    ledger::Checkpoint checkpoint;
  };
  struct Reply {
    flow::WitnessState state;
    std::optional<ledger::NoteSignature> line;
  };
  explicit WitnessClient(WitnessPorts ports) : ports_(std::move(ports)) {}
  Result<net::HttpResponse> post(Line& line, const Shown& shown, std::uint64_t old_size);
  Result<Reply> show(std::size_t witness, const Shown& shown);
  Result<Reply> conflict(std::size_t witness, const Shown& shown, std::string_view body);
  void note_standing(std::size_t witness, flow::WitnessState state);
};

}  // namespace countersign::server
