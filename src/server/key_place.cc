#include "server/key_place.h"

#include <filesystem>
#include <fstream>

#include "server/data_dir.h"
#include "server/passphrase.h"

namespace countersign::server {

Result<std::string> read_key_file(const KeyPlace& place) {
  std::ifstream in(place.file, std::ios::binary);
  if (!in) return Error{Errc::not_found, place.file + ": there is no such key file"};
  std::string text(history::kKeyFileMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

Result<void> write_key_file(const KeyPlace& place, const std::function<Result<std::string>(const Secret&)>& seal) {
  if (std::filesystem::exists(place.file)) return Error{Errc::conflict, place.file + " is there already"};
  const Secret given = TRY(passphrase(place.passphrase_file, Passphrase::made));
  const std::string text = TRY(seal(given));
  return write_file(place.file, text, Readers::owner);
}

}  // namespace countersign::server
