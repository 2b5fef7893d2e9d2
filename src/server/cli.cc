#include "server/cli.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>

#include "faces/control/commands.h"
#include "net/control_client.h"
#include "server/cli_glass.h"
#include "server/cli_incident.h"
#include "server/cli_print.h"

namespace countersign::server {
namespace {

constexpr std::size_t kListPiece = 512 * 1024;  // bytes in a line, about
constexpr std::string_view kRowHead = "{\"row\":";

// What CLI11 writes into while it parses one command.
struct Given {
  const control::Command* command = nullptr;
  std::map<std::string, std::string> texts;
  std::map<std::string, bool> flags;
  std::map<std::string, std::vector<std::string>> rests;
};

std::string args_of(const Given& given, const CLI::App& app) {
  codec::JsonWriter w;
  w.begin_object();
  for (const control::Argument& argument : given.command->arguments) {
    const std::string name(argument.name);
    switch (argument.shape) {
      case control::Shape::positional:
      case control::Shape::option: {
        const bool there = app.count(argument.shape == control::Shape::option ? "--" + name : name) > 0;
        if (there) w.key(name).string(given.texts.at(name));
        break;
      }
      case control::Shape::flag:
        if (given.flags.at(name)) w.key(name).boolean(true);
        break;
      case control::Shape::list: break;  // follows the request
      case control::Shape::rest:
        w.key(name).begin_array();
        for (const std::string& text : given.rests.at(name)) w.string(text);
        w.end_array();
        break;
    }
  }
  return w.end_object().take();
}

Result<std::string> file_text(const std::string& file, std::size_t bytes_max) {
  std::ifstream in(file, std::ios::binary);
  std::string out(bytes_max, '\0');
  in.read(out.data(), static_cast<std::streamsize>(bytes_max));
  if (!in.is_open() || in.bad()) return Error{Errc::not_found, file + ": cannot be read"};
  out.resize(static_cast<std::size_t>(in.gcount()));
  return out;
}

// The lines of the file that was named for a list; none where none was.
Result<std::vector<std::string>> list_in(const Given& given, const CLI::App& app) {
  for (const control::Argument& argument : given.command->arguments) {
    const std::string name(argument.name);
    if (argument.shape != control::Shape::list || app.count("--" + name) == 0) continue;
    const std::string& file = given.texts.at(name);
    const std::string text = TRY(file_text(file, control::kListBytesMax + 1));  // one more: told from what is too long
    Result<std::vector<std::string>> list = control::list_of(text);
    if (list) return list;
    return Error{list.error().code, file + ": " + std::string(list.error().what)};
  }
  return std::vector<std::string>();
}

int run(const Globals& globals, const Given& given, const CLI::App& app) {
  if (given.command->words == "user import") {
    return import_users(globals, given.texts.at("tenant"), given.texts.at("file"));
  }
  if (given.command->words == "ledger export") {
    return export_ledger(globals, args_of(given, app), given.texts.at("out"));
  }
  if (given.command->words == "incident bundle") {
    return write_bundles(globals, args_of(given, app), given.texts.at("out"));
  }
  std::string args = args_of(given, app);
  Result<std::vector<std::string>> list = list_in(given, app);
  if (!list) return complain(list.error());
  if (given.command->words == "glass open" || given.command->words == control::kOfTheKilled) {
    std::fprintf(stderr, "Two shares, one a line:\n");
    Result<std::string> read = with_shares(args, std::cin);
    if (!read) return complain(read.error());
    args = *std::move(read);
  }
  Result<ControlLine> line = ControlLine::connect(globals.data);
  if (!line) return complain(line.error());
  RowPrinter printer(globals.json ? control::Rows::raw : given.command->rows);
  const Result<void> done =
      line->ask(given.command->words, args, *list, [&](std::string_view row) { printer.print(row); });
  std::fflush(stdout);
  return done ? kDone : complain(done.error());
}

void add_argument(CLI::App& app, Given& given, const control::Argument& argument) {
  const std::string name(argument.name);
  const std::string meaning(argument.meaning);
  CLI::Option* option = nullptr;
  switch (argument.shape) {
    case control::Shape::positional: option = app.add_option(name, given.texts[name], meaning); break;
    case control::Shape::list:
    case control::Shape::option: option = app.add_option("--" + name, given.texts[name], meaning); break;
    case control::Shape::flag: option = app.add_flag("--" + name, given.flags[name], meaning); break;
    case control::Shape::rest: option = app.add_option(name, given.rests[name], meaning); break;
  }
  if (argument.need == control::Need::required) option->required();
}

CLI::App& group_of(CLI::App& app, const std::string& word) {
  for (CLI::App* there : app.get_subcommands(nullptr)) {
    if (there->get_name() == word) return *there;
  }
  static const std::map<std::string, std::string> kMeanings = {
      {"tenant", "Customer accounts"},           {"app", "Applications and their keys"},
      {"user", "Users"},                         {"group", "Groups of users"},
      {"phone", "Phones and their activation"},  {"token", "One-time code tokens"},
      {"bypass", "Bypass codes"},                {"policy", "Who may sign in, and with what"},
      {"log", "What happened"},                  {"keys", "Root keys"},
      {"incident", "What was reported, noticed, and taken"},
      {"glass", "Reading without budgets, in an emergency"},
      {"ledger", "Who read and changed what, provably"},
      {"custody", "Who keeps the keys of a tenant's history"},
      {"export", "History that leaves: asked for, signed, fetched"},
      {"signer", "Who may sign exports"},
      {"recipient", "Public keys that history is sealed to"},
      {"slot", "Ways to a tenant's own key"}};
  const auto meaning = kMeanings.find(word);
  CLI::App* made = app.add_subcommand(word, meaning == kMeanings.end() ? "" : meaning->second);
  made->require_subcommand(1);
  made->fallthrough();
  return *made;
}

}  // namespace

int exit_code(Errc code) {
  switch (code) {
    case Errc::malformed: return kUsage;
    case Errc::refused:
    case Errc::not_found:
    case Errc::conflict:
    case Errc::exhausted: return kRefused;
    case Errc::unavailable: return kUnavailable;
  }
  return kRefused;
}

int complain(const Error& error) {
  std::fprintf(stderr, "countersign: %s\n", error.what.c_str());
  return exit_code(error.code);
}

void add_control_commands(CLI::App& app, const Globals& globals, std::function<int()>& chosen) {
  for (const control::Command& command : control::commands()) {
    std::string_view rest = command.words;
    CLI::App* group = &app;
    for (std::size_t space = rest.find(' '); space != rest.npos; space = rest.find(' ')) {
      group = &group_of(*group, std::string(rest.substr(0, space)));
      rest.remove_prefix(space + 1);
    }
    CLI::App* leaf = group->add_subcommand(std::string(rest), std::string(command.meaning));
    leaf->fallthrough();
    auto given = std::make_shared<Given>();  // shared: CLI11's options and the callback refer to it
    given->command = &command;
    for (const control::Argument& argument : command.arguments) add_argument(*leaf, *given, argument);
    leaf->callback([&globals, &chosen, given, leaf] {
      chosen = [&globals, given, leaf] { return run(globals, *given, *leaf); };
    });
  }
}

struct ControlLine::Open {
  net::ControlClient client;
};

ControlLine::ControlLine(std::unique_ptr<Open> open) : open_(std::move(open)) {}
ControlLine::ControlLine(ControlLine&&) noexcept = default;
ControlLine::~ControlLine() = default;

Result<ControlLine> ControlLine::connect(const std::string& data) {
  Result<net::ControlClient> client = net::ControlClient::connect(data + "/control.sock");
  if (!client) {
    return Error{Errc::unavailable, "no server runs on " + data + "; start one with `countersign serve --data " + data +
                                        "`, or name another folder with --data"};
  }
  return ControlLine(std::make_unique<Open>(Open{*std::move(client)}));
}

namespace {

Errc errc_of(std::string_view text) {
  for (const Errc code : {Errc::malformed, Errc::refused, Errc::not_found, Errc::conflict, Errc::exhausted}) {
    if (name(code) == text) return code;
  }
  return Errc::unavailable;
}

Error error_of(std::string_view line) {
  const auto json = codec::parse_json(line);
  const codec::Json* error = json ? json->find("error") : nullptr;
  const codec::Json* code = error != nullptr ? error->find("code") : nullptr;
  const codec::Json* what = error != nullptr ? error->find("what") : nullptr;
  if (code == nullptr || what == nullptr) return Error{Errc::unavailable, "the server's answer cannot be read"};
  return Error{errc_of(code->as_string() ? *code->as_string() : ""),
               std::string(what->as_string() ? *what->as_string() : "")};
}

}  // namespace

namespace {

Result<void> send_list(net::ControlClient& to, const std::vector<std::string>& list) {
  for (auto next = list.begin(); next != list.end();) {
    codec::JsonWriter w;
    w.begin_array();
    while (next != list.end() && w.text().size() < kListPiece) w.string(*next++);
    TRY(to.send(w.end_array().take()));
  }
  return to.send(control::kListEnd);
}

}  // namespace

Result<void> ControlLine::ask(std::string_view command, std::string_view args, const std::vector<std::string>& list,
                              const OnRow& on_row) {
  codec::JsonWriter w;
  w.begin_object().key("command").string(command).key("args").raw(args);
  if (!list.empty()) w.key("list").boolean(true);
  TRY(open_->client.send(w.end_object().take()));
  if (!list.empty()) TRY(send_list(open_->client, list));
  for (;;) {
    const std::optional<std::string> line = TRY(open_->client.next());
    if (!line) return Error{Errc::unavailable, "the server went away before it answered; look before you try again"};
    const std::string_view text = *line;
    if (text.starts_with(kRowHead) && text.ends_with('}')) {
      on_row(text.substr(kRowHead.size(), text.size() - kRowHead.size() - 1));
    } else if (text == "{\"done\":true}") {
      return {};
    } else {
      return error_of(text);
    }
  }
}

}  // namespace countersign::server
