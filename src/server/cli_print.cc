#include "server/cli_print.h"

#include <cstdio>

#include "core/codec/json_read.h"

namespace countersign::server {
namespace {

void put(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// Text from elsewhere must not steer the terminal.
std::string tame(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return out;
}

std::string scalar(const codec::Json& value) {
  if (value.is_null()) return "-";
  if (const auto text = value.as_string()) return text->empty() ? "-" : tame(*text);
  if (const auto number = value.as_int()) return std::to_string(*number);
  if (const auto yes = value.as_bool()) return *yes ? "yes" : "no";
  if (const auto number = value.as_double()) return std::to_string(*number);
  std::string out;
  for (const codec::Json& item : value.items()) out += (out.empty() ? "" : ",") + scalar(item);
  return out.empty() ? "-" : out;
}

bool has_objects(const codec::Json& value) {
  return value.is_object() || (!value.items().empty() && value.items().front().is_object());
}

}  // namespace

std::string page(const codec::Json& object, std::size_t indent) {
  std::size_t width = 0;
  for (const auto& [key, value] : object.members()) width = std::max(width, key.size());
  const std::string margin(indent, ' ');
  std::string out;
  for (const auto& [key, value] : object.members()) {
    out += margin + tame(key);
    if (!has_objects(value)) {
      out += std::string(width - key.size() + 2, ' ') + scalar(value) + "\n";
      continue;
    }
    out += "\n";
    if (value.is_object()) out += page(value, indent + 2);
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      out += (i > 0 ? "\n" : "") + page(value.items()[i], indent + 2);
    }
  }
  return out;
}

void RowPrinter::print(std::string_view row) {
  const auto json = rows_ == control::Rows::raw ? Result<codec::Json>(codec::Json()) : codec::parse_json(row);
  if (rows_ == control::Rows::raw || !json) {
    put(row);
    put("\n");
    return;
  }
  if (rows_ == control::Rows::one) {
    put(page(*json, 0));
    return;
  }
  if (rows_ == control::Rows::text) {
    const codec::Json* text = json->find("text");
    if (text != nullptr && text->as_string()) put(*text->as_string());
    return;
  }
  if (rows_ == control::Rows::codes) {
    if (const codec::Json* codes = json->find("codes")) {
      for (const codec::Json& code : codes->items()) put(scalar(code) + "\n");
    }
    return;
  }
  std::string head;
  std::string line;
  for (const auto& [key, value] : json->members()) {
    head += (head.empty() ? "" : "\t") + tame(key);
    line += (line.empty() ? "" : "\t") + scalar(value);
  }
  if (!std::exchange(headed_, true)) put(head + "\n");
  put(line + "\n");
}

}  // namespace countersign::server
