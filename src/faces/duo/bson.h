// The little of BSON (bsonspec.org 1.1) that Debian's duo_unix reads: documents of text, int32, booleans and documents.
// A Document is also written as JSON, since /rest/v1 answers in both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"

namespace countersign::duo {

inline constexpr std::size_t kBsonBytesMax = 64 * 1024;
inline constexpr int kBsonDepthMax = 8;

struct Member;

// Names and values in the order added.
class Document {
 public:
  Document();
  Document(const Document&);
  Document(Document&&) noexcept;
  Document& operator=(Document);
  ~Document();

  // A name without NUL. Returns itself, so that documents read as they are written.
  Document& text(std::string_view name, std::string value);
  Document& integer(std::string_view name, std::int32_t value);
  Document& boolean(std::string_view name, bool value);
  Document& document(std::string_view name, Document value);

  const std::vector<Member>& members() const { return members_; }
  // nullptr: no member of that name.
  const Member* find(std::string_view name) const;
  // The text of that name; empty when there is none.
  std::string_view text_of(std::string_view name) const;

  bool operator==(const Document&) const;

 private:
  std::vector<Member> members_;
};

struct Member {
  std::string name;
  std::variant<std::string, std::int32_t, bool, Document> value;
  bool operator==(const Member&) const = default;
};

std::string to_bson(const Document& document);
std::string to_json(const Document& document);

// malformed: not a document, another type, a wrong length, bytes after the end, invalid UTF-8 or NUL in text.
// exhausted: over 64 KiB or eight levels.
Result<Document> parse_bson(std::string_view bytes);

}  // namespace countersign::duo
