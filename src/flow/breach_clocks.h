// By when whom to tell (security.md §6.3): rules as dated data, reviewed by counsel before they are relied on; not
// legal advice. What a law says changes: each rule says when it was last looked at, and where.
#pragma once

#include <array>
#include <string_view>

namespace countersign::flow {

struct BreachClock {
  std::string_view rule, who;
  std::string_view clock;               // in words
  int hours = 0;                        // from when it is known; 0: the clock begins elsewhere, or has no number
  std::string_view note, source, read;  // the day on which the source was read
};

inline constexpr std::array<BreachClock, 10> kBreachClocks = {{
    {"GDPR Art. 33(2)", "processor to controller", "without undue delay", 0,
     "the operator is mostly the processor: this bundle is the notice", "eur-lex 32016R0679", "2026-11-21"},
    {"GDPR Art. 33(1)", "controller to authority", "72 hours from awareness", 72,
     "content as in 33(3); keep a register (33(5))", "eur-lex 32016R0679", "2026-11-21"},
    {"GDPR Art. 34", "controller to people", "without undue delay, where the risk is high", 0,
     "34(3)(a): not needed where the data were unintelligible to whoever got them, such as encrypted",
     "eur-lex 32016R0679", "2026-11-21"},
    {"NIS2 Art. 23", "entity to CSIRT or authority", "early warning within 24 hours", 24, "apart from GDPR",
     "nisd2.eu; sota.io", "2026-11-21"},
    {"NIS2 Art. 23", "entity to CSIRT or authority", "notification within 72 hours", 72, "apart from GDPR",
     "nisd2.eu; sota.io", "2026-11-21"},
    {"NIS2 Art. 23", "entity to CSIRT or authority", "final report within one month", 0,
     "one month after the notification", "nisd2.eu; sota.io", "2026-11-21"},
    {"SEC Form 8-K item 1.05", "listed company to the public", "4 business days", 0,
     "counted from the decision that it is material", "sec.gov 33-11216", "2026-11-21"},
    {"California SB 446", "business to people", "30 days", 720,
     "from 2026-01-01; the Attorney General within 15 days of that where over 500 are told. New York, Colorado and "
     "Florida 30 days too; Delaware 60; Texas 30 by the source, to be checked",
     "dataprotectionreport.com", "2026-11-21"},
    {"most US states", "business to people", "see the state's law", 0,
     "a telephone number alone is often not personal information: letters then go as notices of courtesy or contract",
     "security design note, 6.3", "2026-11-21"},
    {"contract", "operator to each user affected", "without undue delay", 0, "tracked for each user by the notices",
     "security design note, 6.3", "2026-11-21"},
}};

}  // namespace countersign::flow
