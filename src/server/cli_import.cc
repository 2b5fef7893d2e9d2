#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "core/codec/json_read.h"
#include "core/codec/utf8.h"
#include "faces/control/csv.h"
#include "server/cli.h"

namespace countersign::server {
namespace {

constexpr std::size_t kBatch = 500;                   // users in one transaction
constexpr std::size_t kBatchBytes = 256 * 1024;       // about: a request is one line
constexpr std::size_t kFileMax = std::size_t{2} << 30;
constexpr std::array<std::string_view, 5> kColumns = {"username", "email", "realname", "phone", "totp_secret"};

// Lines that are ready to be sent, and what became of those that were.
class Import {
  ControlLine& line_;
  std::string tenant_;
  codec::JsonWriter batch_;
  std::size_t in_batch_ = 0;
  std::int64_t made_ = 0, left_out_ = 0;
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;

 public:
  Import(ControlLine& line, std::string tenant) : line_(line), tenant_(std::move(tenant)) {}

  void leave_out(std::int64_t number, std::string_view why) {
    ++left_out_;
    std::fprintf(stderr, "%sline %lld: %.*s\n", terminal_ ? "\r" : "", static_cast<long long>(number),
                 static_cast<int>(why.size()), why.data());
  }

  Result<void> add(const control::CsvRecord& record, const std::vector<int>& columns) {
    if (in_batch_ == 0) batch_.begin_object().key("tenant").string(tenant_).key("lines").begin_array();
    batch_.begin_object().key("line").integer(record.line);
    for (std::size_t i = 0; i < std::min(columns.size(), record.fields.size()); ++i) {
      if (columns[i] >= 0) batch_.key(kColumns[static_cast<std::size_t>(columns[i])]).string(record.fields[i]);
    }
    batch_.end_object();
    if (++in_batch_ < kBatch && batch_.text().size() < kBatchBytes) return {};
    return send();
  }

  Result<void> send() {
    if (in_batch_ == 0) return {};
    in_batch_ = 0;
    batch_.end_array().end_object();
    TRY(line_.ask("user import", batch_.take(), [&](std::string_view row) { take(row); }));
    if (terminal_) std::fprintf(stderr, "\r%lld users ", static_cast<long long>(made_));
    return {};
  }

  void take(std::string_view row) {
    const auto json = codec::parse_json(row);
    const codec::Json* made = json ? json->find("made") : nullptr;
    const codec::Json* line = json ? json->find("line") : nullptr;
    const codec::Json* why = json ? json->find("why") : nullptr;
    if (made != nullptr && made->as_int()) made_ += *made->as_int();
    if (line != nullptr && why != nullptr && line->as_int() && why->as_string()) {
      leave_out(*line->as_int(), *why->as_string());
    }
  }

  bool terminal() const { return terminal_; }
  std::int64_t made() const { return made_; }
  std::int64_t left_out() const { return left_out_; }
};

Result<std::string> whole(const std::string& file) {
  std::ostringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream in(file, std::ios::binary);
    if (!in) return Error{Errc::not_found, file + ": cannot be read"};
    text << in.rdbuf();
  }
  if (text.view().size() > kFileMax) return Error{Errc::exhausted, file + ": over 2 GiB; split it"};
  return std::move(text).str();
}

// For each column of the file the number of ours, or -1.
Result<std::vector<int>> columns_of(control::CsvReader& reader) {
  const std::string_view known = "the columns are username,email,realname,phone,totp_secret";
  const std::optional<control::CsvRecord> head = TRY(reader.next());
  std::vector<int> out;
  if (!head) return Error{Errc::malformed, "the file is empty; its first line names columns, " + std::string(known)};
  for (const std::string& name : head->fields) {
    const auto at = std::find(kColumns.begin(), kColumns.end(), name);
    if (at == kColumns.end() || std::find(out.begin(), out.end(), at - kColumns.begin()) != out.end()) {
      return Error{Errc::malformed, "line 1: \"" + name + "\" is unknown or stands twice; " + std::string(known)};
    }
    out.push_back(static_cast<int>(at - kColumns.begin()));
  }
  if (std::find(out.begin(), out.end(), 0) == out.end()) {
    return Error{Errc::malformed, "line 1: no column is called username; " + std::string(known)};
  }
  return out;
}

Result<void> import_text(Import& import, std::string_view text) {
  control::CsvReader reader(text);
  const std::vector<int> columns = TRY(columns_of(reader));
  for (;;) {
    const std::int64_t at = reader.line();
    const Result<std::optional<control::CsvRecord>> record = reader.next();
    if (!record) {
      import.leave_out(at, record.error().what);
      continue;
    }
    if (!*record) return import.send();
    const auto& fields = (*record)->fields;
    if (!std::all_of(fields.begin(), fields.end(), [](const std::string& f) { return codec::valid_text(f); })) {
      import.leave_out((*record)->line, "not UTF-8");
    } else if (fields.size() != columns.size()) {
      import.leave_out((*record)->line, "has another number of fields than the first line");
    } else {
      TRY(import.add(**record, columns));
    }
  }
}

}  // namespace

int import_users(const Globals& globals, const std::string& tenant, const std::string& file) {
  const Result<std::string> text = whole(file);
  if (!text) return complain(text.error());
  Result<ControlLine> line = ControlLine::connect(globals.data);
  if (!line) return complain(line.error());
  Import import(*line, tenant);
  const auto started = std::chrono::steady_clock::now();
  const Result<void> done = import_text(import, *text);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  std::fprintf(stderr, "%s%lld users made, %lld lines left out, %.1f s\n", import.terminal() ? "\r" : "",
               static_cast<long long>(import.made()), static_cast<long long>(import.left_out()), took.count());
  if (globals.json) {
    codec::JsonWriter w;
    w.begin_object().key("made").integer(import.made()).key("left_out").integer(import.left_out()).end_object();
    std::printf("%s\n", w.take().c_str());
  }
  if (!done) return complain(done.error());
  return import.left_out() == 0 ? kDone : kRefused;
}

}  // namespace countersign::server
