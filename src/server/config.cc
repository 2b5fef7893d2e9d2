#include "server/config.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/identity/mail_address.h"
#include "core/webpush/endpoint.h"
#include "delivery/mail/smtp.h"

namespace countersign::server {
namespace {

constexpr std::size_t kTextMax = 4096;
constexpr std::size_t kListMax = 64;
constexpr std::size_t kFileMax = 1024 * 1024;

bool plain(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return text.size() <= kTextMax && std::none_of(text.begin(), text.end(), control);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

// Walks the tables of a file and gives each value to the setting of that name.
class Reader {
  Config& config_;
  std::string_view file_;

  Error at(const toml::node& node, std::string_view key, std::string_view what) const {
    return Error{Errc::malformed, std::string(file_) + ":" + std::to_string(node.source().begin.line) + ": " +
                                      std::string(key) + ": " + std::string(what)};
  }

  Setting* find(std::string_view key) const {
    for (Setting* s : config_.all()) {
      if (s->key() == key) return s;
    }
    return nullptr;
  }

  bool is_table(std::string_view key) const {
    const std::string prefix = std::string(key) + ".";
    return std::any_of(config_.all().begin(), config_.all().end(),
                       [&](const Setting* s) { return s->key().starts_with(prefix); });
  }

  static Result<void> set(Text& to, const toml::node& from) {
    const auto text = from.value_exact<std::string>();
    if (!text) return Error{Errc::malformed, "must be a text in quotes"};
    return to.set(*text);
  }
  static Result<void> set(Number& to, const toml::node& from) {
    const auto number = from.value_exact<std::int64_t>();
    if (!number) return Error{Errc::malformed, "must be a whole number, " + to.range()};
    return to.set(*number);
  }
  static Result<void> set(List& to, const toml::node& from) {
    const toml::array* array = from.as_array();
    if (array == nullptr) return Error{Errc::malformed, "must be a list of texts, such as [\"…\"]"};
    std::vector<std::string> out;
    for (const toml::node& item : *array) {
      const auto text = item.value_exact<std::string>();
      if (!text) return Error{Errc::malformed, "must be a list of texts, such as [\"…\"]"};
      out.push_back(*text);
    }
    return to.set(std::move(out));
  }
  static Result<void> set(Setting& to, const toml::node& from) {
    switch (to.kind()) {
      case Kind::text: return set(static_cast<Text&>(to), from);
      case Kind::number: return set(static_cast<Number&>(to), from);
      case Kind::list: return set(static_cast<List&>(to), from);
    }
    std::abort();
  }

 public:
  Reader(Config& config, std::string_view file) : config_(config), file_(file) {}

  Result<void> read(const toml::table& table, const std::string& prefix) const {
    for (const auto& [name, node] : table) {
      const std::string key = prefix + std::string(name.str());
      if (const toml::table* inner = node.as_table(); inner != nullptr && is_table(key)) {
        TRY(read(*inner, key + "."));
        continue;
      }
      Setting* setting = find(key);
      if (setting == nullptr) return at(node, key, "no such key; docs/reference/config.md lists them");
      const Result<void> done = set(*setting, node);
      if (!done) return at(node, key, done.error().what);
    }
    return {};
  }
};

Result<void> check_mail(const Config& config) {
  const auto bad = [](std::string what) { return Error{Errc::malformed, std::move(what)}; };
  if ((*config.mail_username).empty() != (*config.mail_password_file).empty()) {
    return bad("mail.username and mail.password_file go together: give both or neither");
  }
  if ((*config.mail_url).empty()) return {};
  if (const auto url = mail::check_url(*config.mail_url); !url) return bad("mail.url: " + url.error().what);
  if (const auto from = check_mail_address(*config.mail_from); !from) return bad("mail.from: " + from.error().what);
  return {};
}

Result<void> check_whole(const Config& config, std::string_view file) {
  const auto say = [&](std::string_view what) {
    return Error{Errc::malformed, std::string(file) + ": " + std::string(what)};
  };
  if ((*config.tls_certificate).empty() != (*config.tls_key).empty()) {
    return say("tls.certificate and tls.key go together: give both or neither");
  }
  if ((*config.listen).empty()) return say("listen: at least one address is needed");
  const std::string& url = *config.public_url;
  if (!url.empty() && (!url.starts_with("https://") || url.ends_with('/'))) {
    return say("public_url: begins with https:// and has no slash at the end");
  }
  if (const auto services = webpush::Services::parse(*config.push_services); !services) {
    return say("push.services: " + services.error().what);
  }
  const std::string& contact = *config.push_contact;
  if (!contact.empty() && !contact.starts_with("mailto:") && !contact.starts_with("https://")) {
    return say("push.contact: begins with mailto: or https://");
  }
  if (const Result<void> mail = check_mail(config); !mail) return say(mail.error().what);
  const std::string& database = *config.database;
  if (database != "sqlite" && !database.starts_with("postgresql://") && !database.starts_with("postgres://")) {
    return say("database: sqlite or postgresql://…");
  }
  const std::size_t at = database.find('@');
  if (at != std::string::npos && database.find(':', database.find("://") + 3) < at) {
    return say("database: a URL with a password stands in a file of its own, named by database_file");
  }
  return {};
}

}  // namespace

Setting::Setting(Config& of, std::string_view key, std::string_view unit, std::string_view meaning)
    : key_(key), unit_(unit), meaning_(meaning) {
  of.all_.push_back(this);
}

std::string Text::shown() const { return quoted(value_); }

std::string Text::range() const {
  std::string out;
  for (std::string_view choice : choices_) out += (out.empty() ? "" : ", ") + std::string(choice);
  return out;
}

Result<void> Text::set(std::string value) {
  if (!choices_.empty() && std::find(choices_.begin(), choices_.end(), value) == choices_.end()) {
    return Error{Errc::malformed, "must be one of " + range()};
  }
  if (!plain(value)) return Error{Errc::malformed, "at most 4096 bytes, without control characters"};
  value_ = std::move(value);
  return {};
}

std::string Number::range() const { return std::to_string(least_) + " to " + std::to_string(most_); }

Result<void> Number::set(std::int64_t value) {
  if (value < least_ || value > most_) return Error{Errc::malformed, "out of range, allowed is " + range()};
  value_ = value;
  return {};
}

std::string List::shown() const {
  std::string out = "[";
  for (const std::string& item : value_) out += (out.size() == 1 ? "" : ", ") + quoted(item);
  return out + "]";
}

Result<void> List::set(std::vector<std::string> value) {
  if (value.size() > kListMax) return Error{Errc::malformed, "at most 64 entries"};
  for (const std::string& item : value) {
    if (item.empty() || !plain(item)) {
      return Error{Errc::malformed, "an entry is empty, too long or has control characters"};
    }
  }
  value_ = std::move(value);
  return {};
}

Result<void> read_config(Config& config, std::string_view text, std::string_view file) {
  const toml::parse_result parsed = toml::parse(text, file);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Error{Errc::malformed, std::string(file) + ":" + std::to_string(error.source().begin.line) +
                                      ": not TOML: " + std::string(error.description())};
  }
  TRY(Reader(config, file).read(parsed.table(), ""));
  return check_whole(config, file);
}

Result<void> read_config_file(Config& config, const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{Errc::not_found, file + ": cannot be read"};
  std::ostringstream text;
  text << in.rdbuf();
  if (text.str().size() > kFileMax) return Error{Errc::malformed, file + ": over 1 MiB"};
  return read_config(config, text.str(), file);
}

std::string config_manual() {
  const Config config;
  std::string out =
      "# Configuration\n\n"
      "`countersign serve --config FILE` reads one TOML file; without one the defaults below hold. An unknown key, a\n"
      "wrong type or a value out of range is a refusal to start that names line and key;\n"
      "`countersign check-config FILE` says the same without starting. `--data`, `--listen` and `--database` on\n"
      "the command line win over the file. Secrets stand in files of their own, named here by path.\n\n"
      "A dotted key is a key in a table: `limits.head_s` is `head_s` under `[limits]`.\n\n"
      "| key | default | unit | allowed | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const Setting* s : config.all()) {
    out += "| `" + std::string(s->key()) + "` | `" + s->shown() + "` | " + std::string(s->unit()) + " | " + s->range() +
           " | " + std::string(s->meaning()) + " |\n";
  }
  out += "\nThis page is generated from `src/server/config.h`; a test compares (`UPDATE_DOCS=1` rewrites it).\n";
  return out;
}

}  // namespace countersign::server
