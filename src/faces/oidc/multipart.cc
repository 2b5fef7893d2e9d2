#include "faces/oidc/multipart.h"

#include <algorithm>

#include "core/codec/utf8.h"

namespace countersign::oidc {
namespace {

constexpr std::size_t kBoundaryMax = 70;  // RFC 2046 §5.1.1
constexpr int kHeadLinesMax = 8;
constexpr std::size_t kHeadLineMax = 512;

Error malformed(const char* what) { return {Errc::malformed, what}; }
Error exhausted(const char* what) { return {Errc::exhausted, what}; }

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

bool of_boundary(char c) {
  constexpr std::string_view kMarks = "'()+_,-./:=? ";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kMarks.find(c) != kMarks.npos;
}

// One ";name=value" at a time: the value a token, or in quotes without escapes.
struct Attribute {
  std::string name;
  std::string_view value;
};
Result<Attribute> take_attribute(std::string_view& rest) {
  const std::size_t equals = rest.find('=');
  if (equals == rest.npos) return malformed("an attribute without a value");
  Attribute out{lowered(trimmed(rest.substr(0, equals))), {}};
  rest.remove_prefix(equals + 1);
  if (rest.starts_with('"')) {
    const std::size_t end = rest.find('"', 1);
    if (end == rest.npos) return malformed("a quote that does not end");
    out.value = rest.substr(1, end - 1);
    if (out.value.find('\\') != out.value.npos) return malformed("an escape in a quoted value");
    rest = trimmed(rest.substr(end + 1));
    if (!rest.empty() && rest.front() != ';') return malformed("text after a quoted value");
  } else {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    out.value = trimmed(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  if (!rest.empty()) rest.remove_prefix(1);
  return out;
}

// The value of one attribute behind the first ";" of a header's value; nullopt where it does not stand.
Result<std::optional<std::string>> attribute(std::string_view header, std::string_view wanted) {
  std::optional<std::string> found;
  std::size_t semicolon = header.find(';');
  std::string_view rest = semicolon == header.npos ? std::string_view() : header.substr(semicolon + 1);
  while (!trimmed(rest).empty()) {
    const Attribute next = TRY(take_attribute(rest));
    if (next.name != wanted) continue;
    if (found) return malformed("an attribute that stands twice");
    found.emplace(next.value);
  }
  return found;
}

// The line up to CRLF, which is taken too.
Result<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  if (end == rest.npos) return malformed("a line that does not end");
  if (end > kHeadLineMax) return exhausted("a line of a part's head is too long");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

// The head of a part, and the name in its Content-Disposition (RFC 7578 §4.2).
Result<std::string> take_head(std::string_view& rest) {
  std::optional<std::string> name;
  for (int lines = 0;; ++lines) {
    const std::string_view line = TRY(take_line(rest));
    if (line.empty()) break;
    if (lines == kHeadLinesMax) return exhausted("a part's head has too many lines");
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return malformed("a line of a part's head is none");
    const std::string field = lowered(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (field == "content-transfer-encoding") return malformed("a transfer encoding");
    if (field != "content-disposition") continue;
    if (name) return malformed("Content-Disposition stands twice");
    if (lowered(trimmed(value.substr(0, value.find(';')))) != "form-data") return malformed("a part that is no field");
    if (TRY(attribute(value, "filename")) || TRY(attribute(value, "filename*"))) return malformed("a file");
    name = TRY(attribute(value, "name"));
  }
  if (!name || !codec::valid_text(*name)) return malformed("a part without a name");
  return *std::move(name);
}

}  // namespace

Result<std::string> multipart_boundary(std::string_view content_type) {
  const auto boundary = TRY(attribute(content_type, "boundary"));
  if (!boundary || boundary->empty() || boundary->size() > kBoundaryMax || boundary->ends_with(' ') ||
      !std::ranges::all_of(*boundary, of_boundary)) {
    return malformed("multipart/form-data without a boundary");
  }
  return *boundary;
}

// RFC 2046 §5.1.1: each part stands between two lines "--boundary"; the last has "--" behind it.
Result<codec::Form> parse_multipart(std::string_view body, std::string_view boundary) {
  if (body.size() > codec::kFormBytesMax) return exhausted("the form is over 64 KiB");
  const std::string first = "--" + std::string(boundary), next = "\r\n" + first;
  if (!body.starts_with(first)) return malformed("the form does not begin with its boundary");
  body.remove_prefix(first.size());
  codec::Form form;
  while (!body.starts_with("--")) {
    if (!body.starts_with("\r\n")) return malformed("a boundary that is no line");
    body.remove_prefix(2);
    if (form.size() == codec::kFormPairsMax) return exhausted("the form has over 200 fields");
    std::string name = TRY(take_head(body));
    const std::size_t end = body.find(next);
    if (end == body.npos) return malformed("a part that does not end");
    if (!codec::valid_text(body.substr(0, end))) return malformed("a value that is no text");
    form.emplace_back(std::move(name), body.substr(0, end));
    body.remove_prefix(end + next.size());
  }
  body.remove_prefix(2);
  if (!body.empty() && body != "\r\n") return malformed("something stands after the form");
  if (form.empty()) return malformed("a form without fields");
  return form;
}

}  // namespace countersign::oidc
