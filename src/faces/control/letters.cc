#include "faces/control/letters.h"

#include <cctype>
#include <cstdio>

#include "faces/control/csv.h"
#include "faces/control/rows.h"
#include "web/mustache.h"

namespace countersign::control {
namespace {

using web::Value;

// Opened from a disk and printed: nothing is loaded, both themes, dark on white on paper.
constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{title}}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse}th,td{text-align:left;padding:.25rem 1rem .25rem 0;vertical-align:top}
@media (prefers-color-scheme:dark){body{color:#eee;background:#161616}}
@media print{:root{color-scheme:light}body{color:#000;background:#fff;margin:0;max-width:none}h2{break-after:avoid}}
</style></head><body>)";

constexpr std::string_view kAdmin = R"(
<h1>{{title}}</h1>
<p>To the administrators of {{tenant}}</p>
<h2>What happened</h2>
<p>{{what}} The time that was looked at is {{from}} to {{to}} (UTC); when it was read stands below. The reference of
this incident is {{scope}}.</p>
<h2>What was exposed</h2>
<table>
<tr><th scope="row">Records that left</th><td>{{returned}}</td></tr>
<tr><th scope="row">Records that could have been opened</th><td>at most {{released}}</td></tr>
<tr><th scope="row">Records that a screen is known to have shown</th><td>{{viewed}}</td></tr>
<tr><th scope="row">Users in the records that left</th><td>{{users}}</td></tr>
<tr><th scope="row">First and last reading</th><td>{{first}} to {{last}}</td></tr>
</table>
<p>{{custody}}</p>
<h2>Likely consequences</h2>
<p>{{consequences}}</p>
<h2>What was done, and what you should do</h2>
<ol>
{{#code}}
<li>Every reading is in your ledger. Ask us for the folder of this incident: it holds the records that left, the proofs,
and drafts for your users and your regulator.</li>
<li>Tell your users. Do not tell them by text message or telephone call: those are the ways in which they may now be
deceived.</li>
<li>Your regulator may have to be told within hours.</li>
{{/code}}
{{^code}}
<li>Every reading is in your ledger. The proofs are in this folder; README.txt says how to check them without us.</li>
<li>Tell your users; letter-user is a draft. Do not tell them by text message or telephone call: those are the ways
in which they may now be deceived.</li>
<li>Your regulator may have to be told within hours. regulator-gdpr33.json is a draft with the clocks.</li>
{{/code}}
<li>Change what still rests on codes by message to passkeys.</li>
</ol>
{{#code}}
<h2>Is this notice real?</h2>
<p>Its code is <strong>{{code}}</strong>. Type this address into your browser yourself, and the code there: {{page}}</p>
<p>This mail has no link and no attachment, and asks for no password. Whoever calls you about it may be who read the
records.</p>
{{/code}}
</body></html>
)";

constexpr std::string_view kUser = R"(
<h1>{{title}}</h1>
<p>You sign in to services of {{tenant}}. Records of such sign-ins were read by somebody who was not allowed to.</p>
<h2>What was exposed</h2>
<p>{{what}} The records say who signed in, when, to which service and from where. They hold no passwords, no codes
that still work and no secret keys.</p>
<h2>What may happen</h2>
<p>Somebody may write to you or call you and know true things about you, to make you trust them.</p>
<h2>How to recognise it</h2>
<ul>
<li>We never ask for a code, a password or an approval, in a message or on the telephone.</li>
<li>A message with a link that asks you to sign in, or to confirm your number, is false. Open the service yourself.</li>
<li>A caller who asks you to read out a code or to approve a request is a thief, whatever he knows. Hang up.</li>
<li>A request on your authenticator that you did not start: choose "this was not me".</li>
</ul>
<h2>Is this notice real?</h2>
{{#code}}
<p>Its code is <strong>{{code}}</strong>. Type this address into your browser yourself, and the code there: {{page}}</p>
<p>Your authenticator shows a notice with the same code. This mail has no link and no attachment, and asks you for
nothing but to be careful.</p>
{{/code}}
{{^code}}
<p>This notice does not come by text message or telephone, and it does not ask you to do anything but to be careful.
If it bears a code, your authenticator shows a notice with the same code.</p>
{{/code}}
<p>In doubt ask your help desk by a number that you already know, and name the reference {{scope}}.</p>
</body></html>
)";

std::string time_of(const std::optional<Instant>& at) {
  if (!at) return "none";
  codec::JsonWriter w;
  w.begin_object();
  write_time(w, "t", at);
  const std::string json = w.end_object().take();  // {"t":"…"}
  return json.substr(6, json.size() - 8);
}

std::string what_happened(const flow::BundleFacts& facts) {
  switch (facts.scope.query.by) {
    case flow::ScopeBy::supplier:
      return "A supplier of telephone messages may have lost its records of messages that were sent for you.";
    case flow::ScopeBy::credential:
    case flow::ScopeBy::session:
    case flow::ScopeBy::app:
    case flow::ScopeBy::ip: return "Records of your users' sign-ins were read with a credential in the wrong hands.";
  }
  std::abort();
}

bool readable(const flow::BundleFacts& facts) {
  return facts.scope.query.by == flow::ScopeBy::supplier || facts.exposed.released > 0;
}

Value values(const flow::BundleFacts& facts, std::string title) {
  const flow::ExposedTenant& exposed = facts.exposed;
  const bool own_keys = facts.custody == store::Custody::tenant;
  return Value::object(
      {{"title", Value(std::move(title))},
       {"tenant", Value(facts.tenant.name)},
       {"what", Value(what_happened(facts))},
       {"from", Value(time_of(facts.scope.query.from))},
       {"to", Value(time_of(facts.scope.query.to))},
       {"scope", Value(facts.scope.id)},
       {"returned", Value(std::to_string(exposed.returned))},
       {"released", Value(std::to_string(exposed.released))},
       {"viewed", Value(std::to_string(exposed.viewed))},
       {"users",
        Value(facts.people ? std::to_string(facts.people->people.size()) : "not known to us: " + facts.people_unknown)},
       {"first", Value(time_of(exposed.first))},
       {"last", Value(time_of(exposed.last))},
       {"custody", Value(own_keys ? "You keep the keys of your history: the records left encrypted, and only you can "
                                    "open the copy in this folder."
                                  : "The service keeps the keys of your history (custody: service).")},
       {"consequences",
        Value(readable(facts)
                  ? "Who signs in where, when and from which network may be known. Your users may be called "
                    "or written to by somebody who pretends to be your help desk and knows true details."
                  : "The records that left are encrypted, and no key for them was released to whoever took "
                    "them. As far as the ledger shows nothing could be read.")}});
}

// The same words without the marks; values are not escaped, because nothing reads marks there.
std::string plain_text(std::string html) {
  html.erase(0, html.find("<h1>"));
  std::string out;
  bool in_tag = false;
  for (std::size_t i = 0; i < html.size(); ++i) {
    const std::string_view rest = std::string_view(html).substr(i);
    if (rest.starts_with("<li>")) out += "- ";
    if (rest.starts_with("</h") || rest.starts_with("<h2>")) out += "\n";
    if (rest.starts_with("</th>")) out += ": ";
    if (html[i] == '<') in_tag = true;
    if (!in_tag) out += html[i];
    if (html[i] == '>') in_tag = false;
  }
  constexpr std::pair<std::string_view, std::string_view> kEntities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}};
  for (const auto& [entity, character] : kEntities) {
    for (std::size_t at = out.find(entity); at != out.npos; at = out.find(entity, at + 1)) {
      out.replace(at, entity.size(), character);
    }
  }
  return out;
}

Result<std::string> render(std::string_view text, const Value& value) {
  const web::Nodes nodes = TRY(web::parse_template(std::string(kHead) + std::string(text)));
  web::Surroundings around;
  around.partial = [](std::string_view) -> const web::Nodes* { return nullptr; };
  around.message = [](std::string_view, const web::Scope&) { return std::string(); };
  return web::fill(nodes, around, {&value});
}

std::string users_csv(const flow::ExposedPeople& people) {
  std::string out = write_csv({"user_id", "username", "email", "records"});
  for (const flow::ExposedPerson& person : people.people) {
    out += write_csv(
        {tame_cell(person.key), tame_cell(person.name), tame_cell(person.email), std::to_string(person.rows)});
  }
  return out;
}

std::string read_me(const flow::BundleFacts& facts) {
  return "What was taken from the history of " + facts.tenant.name + " (" + facts.exposed.tenant.text() +
         "), incident " + facts.scope.id +
         "\n\n"
         "exposed.mfae            the records that left, still sealed: open them with `countersign reader`, or on the\n"
         "                        reader's page (docs/protocols/history-export.md)\n"
         "reads.jsonl, proofs/    what was done with your history, and the proof of each\n"
         "letter-admin, -user     drafts of letters\n"
         "users.csv               whom the records are about; only where the service keeps your keys\n"
         "regulator-gdpr33.json   a draft for your regulator, with the clocks\n"
         "manifest.json, .note    every file with its hash, and our signature over that\n\n"
         "To check it without us: `countersign verify DIR --policy POLICY`, or `verify.py bundle DIR --policy POLICY`\n"
         "from the sources. The policy names our log's key: take it from what you kept before the incident, not from\n"
         "whoever handed you this folder.\n";
}

}  // namespace

std::string tame_cell(std::string_view text) {
  std::string out;
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) out = "'";
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return out;
}

Result<flow::Letter> write_notice(const flow::BundleFacts& facts, const User* to, const NoticeCheck& check) {
  const std::string title = to ? "Records of your sign-ins were exposed" : "Your sign-in records were exposed";
  const Value about = values(facts, title);
  Value::Members members = about.members();
  members.emplace_back("code", Value(check.code));
  members.emplace_back("page", Value(check.page));
  flow::Letter out;
  out.subject = title;
  out.html = TRY(render(to ? kUser : kAdmin, Value::object(std::move(members))));
  out.text = plain_text(out.html);
  return out;
}

Result<std::vector<flow::BundleFile>> write_letters(const flow::BundleFacts& facts) {
  const std::string admin = TRY(render(kAdmin, values(facts, "Your sign-in records were exposed")));
  const std::string user = TRY(render(kUser, values(facts, "Records of your sign-ins were exposed")));
  std::vector<flow::BundleFile> out = {{"letter-admin.html", admin},
                                       {"letter-admin.txt", plain_text(admin)},
                                       {"letter-user.html", user},
                                       {"letter-user.txt", plain_text(user)},
                                       {"README.txt", read_me(facts)}};
  if (facts.people) out.push_back({"users.csv", users_csv(*facts.people)});
  return out;
}

}  // namespace countersign::control
