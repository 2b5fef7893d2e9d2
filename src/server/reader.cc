#include "server/reader.h"

#include <algorithm>
#include <fstream>

#include "core/codec/base64.h"
#include "core/codec/share_text.h"
#include "core/history/opening.h"
#include "core/record/stored_event.h"
#include "server/passphrase.h"
#include "server/reader_events.h"

namespace countersign::server {
namespace {

std::string public_text(const crypto::X25519PublicKey& key) {
  return codec::to_base64(codec::Base64::url, key.bytes());
}

Result<crypto::X25519Key> open_key(const ReaderKeyPlace& place) {
  const std::string file = TRY(read_key_file(place));
  TRY(history::reader_public_key(file));  // before anybody types
  const Secret given = TRY(passphrase(place.passphrase_file, Passphrase::known));
  return history::open_reader_key(file, given);
}

Result<std::string> write_key(const ReaderKeyPlace& place, const crypto::X25519Key& key, Random& random) {
  TRY(write_key_file(place, [&](const Secret& given) {
    return history::seal_reader_key(key, given, place.cost, random);
  }));
  return public_text(key.public_key());
}

// A line at most as long as an export's; nullopt at the end of the file.
Result<std::optional<std::string>> next_line(std::istream& in, const std::string& file) {
  std::string line;
  for (int c = in.get(); c != std::istream::traits_type::eof(); c = in.get()) {
    if (c == '\n') return std::optional(std::move(line));
    if (line.size() >= history::kExportLineMax) return Error{Errc::malformed, file + ": a line over 2 MiB"};
    line.push_back(static_cast<char>(c));
  }
  if (!line.empty()) return Error{Errc::malformed, file + ": the file was cut off in a line"};
  return std::optional<std::string>();
}

// The rows of a reading, printed as they open; as CSV at the end, when all columns are known.
class Output {
  const ReaderQuery& query_;
  const Print& out_;
  CsvTable table_;
  std::uint64_t canaries_ = 0;

 public:
  Output(const ReaderQuery& query, const Print& out) : query_(query), out_(out) {}

  std::uint64_t canaries() const { return canaries_; }

  Result<void> row(const history::OpenedText& opened) {
    if (record::is_canary(opened.text)) {
      ++canaries_;
      return {};
    }
    const std::string& stream = opened.subject.stream;
    if (!query_.stream.empty() && stream != query_.stream) return {};
    const std::string event = TRY(event_json(opened));
    switch (query_.form) {
      case ReaderForm::json: out_(event + "\n"); return {};
      case ReaderForm::csv: return table_.add(stream, event);
    }
    return {};
  }
  void end() {
    if (query_.form == ReaderForm::csv) out_(table_.text());
  }
};

}  // namespace

Result<std::string> make_reader_key(const ReaderKeyPlace& place, Random& random) {
  return write_key(place, crypto::X25519Key::generate(random), random);
}

Result<ReaderOutcome> open_exports(const ReaderQuery& query, const Print& out) {
  const crypto::X25519Key key = TRY(open_key(query.key));
  history::Opening opening(key);
  Output output(query, out);
  ReaderOutcome outcome;
  std::size_t more = 0;
  const auto note = [&](std::string problem) {
    if (outcome.problems.size() < kProblemsShown) return outcome.problems.push_back(std::move(problem));
    ++more;
  };
  for (const std::string& file : query.exports) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return Error{Errc::not_found, file + ": there is no such file"};
    while (const std::optional<std::string> line = TRY(next_line(in, file))) {
      Result<history::OpeningStep> step = opening.take(*line);
      if (!step) return Error{step.error().code, file + ": " + step.error().what};
      for (std::string& problem : step->problems) note(std::move(problem));
      const Result<void> printed = step->row ? output.row(*step->row) : Result<void>();
      if (!printed) note(std::string(printed.error().what));
    }
    const Result<void> whole = opening.end_of_file();
    if (!whole) return Error{whole.error().code, file + ": " + whole.error().what};
  }
  output.end();
  if (more > 0) outcome.problems.push_back("and " + std::to_string(more) + " more");
  outcome.canaries = output.canaries();
  outcome.opened = opening.opened() - outcome.canaries;
  outcome.closed = opening.closed();
  return outcome;
}

Result<std::vector<std::string>> split_reader_key(const ReaderKeyPlace& place, Random& random) {
  const crypto::X25519Key key = TRY(open_key(place));
  const std::vector<crypto::Share> shares = TRY(crypto::split(random, key.scalar()));
  std::vector<std::string> out;
  for (const crypto::Share& share : shares) out.emplace_back(codec::share_to_text(share).reveal());
  return out;
}

Result<std::string> combine_reader_key(const ReaderKeyPlace& place, const std::vector<std::string>& shares,
                                       Random& random) {
  std::vector<crypto::Share> parsed;
  for (const std::string& text : shares) parsed.push_back(TRY(codec::share_from_text(Secret(text))));
  const Secret secret = TRY(crypto::combine(parsed));
  const crypto::X25519Key key = TRY(crypto::X25519Key::from_bytes(secret.reveal_bytes()));
  return write_key(place, key, random);
}

}  // namespace countersign::server
