#include "core/codec/form.h"

#include "core/codec/percent.h"
#include "core/codec/utf8.h"

namespace countersign::codec {
namespace {

// Decodes one name or value into `out`; false when malformed.
bool decode(std::string_view text, std::string& out) {
  const std::size_t plain = text.find_first_of("%+");
  if (plain == text.npos) {
    out.assign(text);
    return valid_text(out);
  }
  out.resize(text.size());
  char* to = out.data();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      *to++ = ' ';
    } else if (text[i] == '%') {
      const int byte = percent_byte(text, i + 1);
      if (byte < 0) return false;
      *to++ = static_cast<char>(byte);
      i += 2;
    } else {
      *to++ = text[i];
    }
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
  return valid_text(out);
}

}  // namespace

Result<Form> parse_form(std::string_view text) {
  if (text.size() > kFormBytesMax) return Error{Errc::exhausted, "form is over 64 KiB"};
  Form form;
  form.reserve(8);
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view piece = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (piece.empty()) continue;
    if (form.size() == kFormPairsMax) return Error{Errc::exhausted, "form has over 200 pairs"};
    const std::size_t equals = piece.find('=');
    auto& [name, value] = form.emplace_back();
    if (!decode(piece.substr(0, equals), name) ||
        (equals != piece.npos && !decode(piece.substr(equals + 1), value))) {
      return Error{Errc::malformed, "form text is not percent-encoded UTF-8"};
    }
  }
  return form;
}

std::string write_form(const Form& form) {
  std::string out;
  for (const auto& [name, value] : form) {
    if (!out.empty()) out.push_back('&');
    append_percent_encoded(out, name);
    out.push_back('=');
    append_percent_encoded(out, value);
  }
  return out;
}

}  // namespace countersign::codec
