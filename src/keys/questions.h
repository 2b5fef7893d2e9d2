// What may be asked through the process wall: one table, a line a question (after OpenSSH's monitor.c). Who asks is
// whoever shares the memory of a lane, which has no name: that is `serve` and nobody else.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "keys/budgets.h"
#include "keys/values.h"

namespace countersign::keys {

struct Line;

// Who answers: keyd itself, or the clerk, a keyd that keeps its rights on files, answers one question about root keys
// and ends. What keyd may not do it is not asked.
enum class Office { keyd, clerk, either };

struct Desk {
  Office office;  // keyd or clerk
  Keys& keys;
  Budgets& budgets;
  const Clock& clock;
};

struct Line {
  std::uint8_t number;  // on the wire; never given to another question while two versions may meet
  std::string_view name;
  Office at;
  std::size_t size_max;  // of its arguments, in bytes
  Budget budget;         // for one tenant
  void (*answer)(const Desk& desk, const Line& line, ByteView arguments, Writer& to);
};

// What stands for an argument while it crosses.
template <class T>
struct Held {
  T value{};
  const T& get() const { return value; }
};
template <>
struct Held<const Application*> {
  std::optional<Application> value;
  const Application* get() const { return value ? &*value : nullptr; }
};

// The tenant that a question is about, by its first argument; empty: none.
template <class T>
std::string_view tenant_of(const T& argument) {
  if constexpr (std::same_as<T, TenantId>)
    return argument.text();
  else if constexpr (requires { argument.tenant.text(); })
    return argument.tenant.text();
  else
    return {};
}

// Of a member function: how it is answered and how it is asked.
template <class Method>
struct Asked;
template <class Class, class R, class... Arguments>
struct Asked<Result<R> (Class::*)(Arguments...)> {
  using Answer = R;

  template <Result<R> (Class::*kMethod)(Arguments...)>
  static void answer(const Desk& desk, const Line& line, ByteView arguments, Writer& to) {
    std::tuple<Held<std::remove_cvref_t<Arguments>>...> held;
    Reader r(arguments);
    std::apply([&r](auto&... one) { (keys::get(r, one.value), ...); }, held);
    if (!r.whole()) return put_answer<R>(to, Error{Errc::malformed, "not the arguments of this question"});
    if constexpr (sizeof...(Arguments) > 0) {
      const Result<void> allowed =
          desk.budgets.spend(line.name, tenant_of(std::get<0>(held).get()), line.budget, desk.clock.now());
      if (!allowed) return put_answer<R>(to, allowed.error());
    }
    put_answer<R>(to, std::apply([&desk](const auto&... one) { return (desk.keys.*kMethod)(one.get()...); }, held));
  }
};

template <auto kMethod>
void answer(const Desk& desk, const Line& line, ByteView arguments, Writer& to) {
  Asked<decltype(kMethod)>::template answer<kMethod>(desk, line, arguments, to);
}

inline constexpr std::size_t kKib = 1024;
inline constexpr Budget kFree{};

// Budgets: sending messages at the pace a large tenant needs; a month of epochs read at once, and a day of doing that;
// each month of ten years destroyed; a key pair for a person who changes their mind.
inline constexpr std::array kLines = {
    Line{1, "seal", Office::keyd, 1024 * kKib, kFree, answer<&Keys::seal>},
    Line{2, "verify_signature", Office::keyd, 1024 * kKib, kFree, answer<&Keys::verify_signature>},
    Line{3, "sign_token", Office::keyd, 64 * kKib, kFree, answer<&Keys::sign_token>},
    Line{5, "resync", Office::keyd, 64 * kKib, kFree, answer<&Keys::resync>},
    Line{6, "verify_device_signature", Office::keyd, 256 * kKib, kFree, answer<&Keys::verify_device_signature>},
    Line{7, "verify_assertion", Office::keyd, 256 * kKib, kFree, answer<&Keys::verify_assertion>},
    Line{8, "credential_of", Office::keyd, 64 * kKib, kFree, answer<&Keys::credential_of>},
    Line{9, "push_number", Office::keyd, kKib, kFree, answer<&Keys::push_number>},
    Line{10, "unseal_number_for_send", Office::keyd, 64 * kKib, {500, 50'000}, answer<&Keys::unseal_number_for_send>},
    Line{11, "unseal", Office::keyd, 1280 * kKib, kFree, answer<&Keys::unseal>},
    Line{14, "token_digest", Office::keyd, 64 * kKib, kFree, answer<&Keys::token_digest>},
    Line{15, "reseal", Office::keyd, 1280 * kKib, kFree, answer<&Keys::reseal>},
    Line{16, "match_passcode", Office::keyd, 1024 * kKib, kFree, answer<&Keys::match_passcode>},
    Line{32, "begin_epoch", Office::keyd, 4 * kKib, {100, 100'000}, answer<&Keys::begin_epoch>},
    Line{33, "prepare_month", Office::keyd, kMessageMax, kFree, answer<&Keys::prepare_month>},
    Line{34, "make_tenant_key", Office::keyd, kKib, {5, 20}, answer<&Keys::make_tenant_key>},
    Line{35, "forget_tenant_keys", Office::keyd, kKib, {5, 20}, answer<&Keys::forget_tenant_keys>},
    Line{36, "release_epoch", Office::keyd, 4 * kKib, {1'000, 20'000}, answer<&Keys::release_epoch>},
    Line{37, "tag_in_epoch", Office::keyd, 8 * kKib, {10'000, 1'000'000}, answer<&Keys::tag_in_epoch>},
    Line{38, "release_day", Office::keyd, 4 * kKib, {62, 1'000}, answer<&Keys::release_day>},
    Line{39, "shred_month", Office::keyd, kKib, {120, 240}, answer<&Keys::shred_month>},
    Line{40, "months_of", Office::keyd, kKib, {20, 20'000}, answer<&Keys::months_of>},
    Line{41, "ledger_key", Office::keyd, 0, kFree, answer<&Keys::ledger_key>},
    Line{42, "sign_note", Office::keyd, 16 * kKib, kFree, answer<&Keys::sign_note>},
    Line{43, "share_key", Office::keyd, kKib, {1'000, 200'000}, answer<&Keys::share_key>},
    Line{44, "adopt_key", Office::keyd, 4 * kKib, {5'000, 500'000}, answer<&Keys::adopt_key>},
    Line{48, "root_keys", Office::either, 0, kFree, answer<&Keys::root_keys>},
    Line{49, "add_root_key", Office::clerk, kKib, kFree, answer<&Keys::add_root_key>},
    Line{50, "use_root_key", Office::clerk, kKib, kFree, answer<&Keys::use_root_key>},
    Line{51, "drop_root_key", Office::clerk, kKib, kFree, answer<&Keys::drop_root_key>},
};

// The line that a member function has; a question without a line does not compile.
template <auto kMethod>
consteval const Line& line_of() {
  for (const Line& line : kLines) {
    if (line.answer == &answer<kMethod>) return line;
  }
  throw "this question has no line in the table";
}

// Several questions that cross together: this number(1) ‖ list of texts, each a question; the answer is the list of
// their answers. No question in it is such a list again.
inline constexpr std::uint8_t kSeveral = 0;
inline constexpr std::size_t kSeveralMax = 256;

// Answers a question: number(1) ‖ arguments; or several. Anything else is answered malformed; what is larger than its
// line lets it be, exhausted.
void answer_question(const Desk& desk, ByteView question, Writer& to);

}  // namespace countersign::keys
