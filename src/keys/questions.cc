#include "keys/questions.h"

#include <algorithm>
#include <vector>

namespace countersign::keys {
namespace {

consteval bool numbers_differ() {
  for (std::size_t i = 1; i < kLines.size(); ++i) {
    if (kLines[i - 1].number >= kLines[i].number) return false;
  }
  return true;
}
static_assert(numbers_differ(), "each question has a number of its own, and they stand in order");
static_assert(kLines[0].number > kSeveral);

void answer_one(const Desk& desk, ByteView question, Writer& to) {
  Reader r(question);
  const std::uint64_t number = r.number(1);
  const auto line = std::ranges::find(kLines, number, &Line::number);
  if (!r.good() || line == kLines.end()) {
    return put_answer<void>(to, Error{Errc::malformed, "no such question"});
  }
  if (line->at != Office::either && line->at != desk.office) {
    return put_answer<void>(to, Error{Errc::refused, "this is not asked here"});
  }
  if (question.size() - 1 > line->size_max) {
    return put_answer<void>(to, Error{Errc::exhausted, "a question larger than it may be"});
  }
  line->answer(desk, *line, question.subspan(1), to);
}

void answer_several(const Desk& desk, Reader list, Writer& to) {
  std::vector<ByteView> questions;
  get(list, questions);
  if (!list.whole()) return put_answer<void>(to, Error{Errc::malformed, "not a list of questions"});
  if (questions.size() > kSeveralMax) {
    return put_answer<void>(to, Error{Errc::exhausted, "more questions than may cross together"});
  }
  put_answer(to, Result<void>());
  to.number(questions.size(), 4);
  Writer answer;
  for (const ByteView question : questions) {
    answer.wipe();
    answer_one(desk, question, answer);
    to.text(answer.view());
  }
}

}  // namespace

void answer_question(const Desk& desk, ByteView question, Writer& to) {
  Reader r(question);
  if (!question.empty() && r.number(1) == kSeveral) return answer_several(desk, r, to);
  answer_one(desk, question, to);
}

}  // namespace countersign::keys
