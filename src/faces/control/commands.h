// The administrative commands: words, arguments, meaning and what runs them. The command line and its help are built
// from this table, so a command is one entry here. Requests and answers are lines of JSON (docs/protocols/control.md).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/codec/json_read.h"
#include "flow/administer.h"
#include "flow/witness_book.h"

namespace countersign::control {

enum class Shape {
  positional,   // USERNAME
  rest,         // KEY=VALUE…, at least one
  option,       // --email E
  flag,         // --allow-signature-v1
  list,         // --refs FILE: its lines, sent after the request
};

// Of a list: a month of a large supplier.
inline constexpr std::string_view kListEnd = "[]";
inline constexpr std::size_t kListItemsMax = 2'000'000, kListBytesMax = 64 * 1024 * 1024, kListItemMax = 256;
Error list_too_long();
// Its text, a line each; empty lines are left out.
// malformed: a line that is not UTF-8 or longer than 256 bytes, or none at all.   exhausted: over 64 MiB or 2,000,000.
Result<std::vector<std::string>> list_of(std::string_view text);
enum class Need { optional, required };

struct Argument {
  std::string_view name;         // "email"; a flag's or option's word without the dashes
  Shape shape = Shape::option;
  Need need = Need::optional;
  std::string_view meaning;
};

// The arguments as sent: texts, flags as true, `rest` as a list of texts.
class Args {
  const codec::Json& json_;

 public:
  explicit Args(const codec::Json& json) : json_(json) {}

  // Every getter: malformed, naming the argument, when it is of another form.
  Result<std::optional<std::string>> maybe(std::string_view name) const;
  Result<std::string> text(std::string_view name) const;                          // malformed: not given
  Result<std::string> text_or(std::string_view name, std::string_view fallback) const;
  struct Range {
    std::int64_t least, most;
  };
  Result<std::optional<std::int64_t>> maybe_number(std::string_view name, Range range) const;
  Result<std::optional<bool>> maybe_yes(std::string_view name) const;             // "yes" or "no"
  Result<bool> flag(std::string_view name) const;
  Result<std::vector<std::string>> rest(std::string_view name) const;
  const codec::Json& json() const { return json_; }
};

// Takes one object of the answer; false when nobody listens any more.
using OnRow = std::function<bool(std::string_view json)>;

struct Call {
  const flow::Administration& by;
  const std::string& api_hostname;  // "localhost:8443": what clients are configured with
  const Args& args;
  const OnRow& row;
  const flow::WitnessBook& witnesses;  // of the ledger
  std::vector<std::string>& list;      // what followed the request; whoever it is for takes it
};

// How people see them: a page, a table, bare lines, JSON as it is, the text in it.
enum class Rows { one, many, codes, raw, text };

// What the ledger hears of a command. There is no default: one that says nothing does not compile.
class Touch {
 public:
  enum class Kind {
    lists,    // an event before its first row, by the face
    reads,    // history: events with the exact rows, by the use case
    changes,  // an event with each change, by the use case
  };
  constexpr Touch(Kind kind) : kind_(kind) {}
  constexpr Kind kind() const { return kind_; }

 private:
  Kind kind_;
};
inline constexpr Touch kLists{Touch::Kind::lists}, kReads{Touch::Kind::reads}, kChanges{Touch::Kind::changes};

struct Command {
  std::string_view words;        // "user create"
  Touch touch;
  std::string_view meaning;
  std::vector<Argument> arguments;
  Rows rows = Rows::one;
  Result<void> (*run)(const Call& call) = nullptr;
};

// What an operator whose account was killed may still ask; whatever else he asks is refused.
inline constexpr std::string_view kOfTheKilled = "glass lift";

// All of them, group by group.
const std::vector<Command>& commands();
const Command* command(std::string_view words);

// One file each.
std::vector<Command> tenant_commands();
std::vector<Command> app_commands();
std::vector<Command> user_commands();
std::vector<Command> group_commands();
std::vector<Command> phone_commands();
std::vector<Command> token_commands();
std::vector<Command> policy_commands();
std::vector<Command> log_commands();
std::vector<Command> incident_commands();
std::vector<Command> key_commands();
std::vector<Command> custody_commands();
std::vector<Command> export_commands();
std::vector<Command> ledger_commands();
std::vector<Command> mail_commands();
std::vector<Command> glass_commands();
std::vector<Command> retention_commands();

// What most commands begin with.
Result<Tenant> the_tenant(const Call& call);                           // --tenant, needed
Result<std::optional<TenantId>> maybe_tenant(const Call& call);        // --tenant, when given

inline constexpr Argument kTenant{"tenant", Shape::option, Need::required, "The tenant, by id or name"};
inline constexpr Argument kWithinTenant{"tenant", Shape::option, Need::optional,
                                        "The tenant; needed to name things by name instead of id"};
inline constexpr Argument kUser{"user", Shape::option, Need::required, "The user, by id, or by name with --tenant"};

}  // namespace countersign::control
