#!/usr/bin/env python3
"""The page on which a notice is checked: how it looks in every language and both themes, also without JavaScript, and what
it marks."""
# limit: 200 s
import os

from browser import Chromium, need_browser
from browser_survey import survey
from harness import Server, Skip, check, expect, expect_equal, main, skip_all

try:
    need_browser()
except Skip as why:
    skip_all(why)

server = Server()
server.listen_wanted = [f"127.0.0.1:{server.port}"]  # where it comes back
chromium = Chromium(server)
tenant = server.tenant("Zucker & Söhne <GmbH>")
server.user(tenant, "ada")
server.history(tenant, "activity")
scope = server.run("incident", "scope", "--credential", f"uid:{os.getuid()}", "--from", "1970-01-01", "--to",
                   "2100-01-01")[-1]["scope_id"]
code = next(row["code"] for row in server.run("incident", "notify", "--scope", scope) if row.get("code"))


def administrator():
    return next(row for row in server.run("incident", "notices", scope) if row["user_id"] is None)


def ask(tab, what):
    tab.go("/notice")
    tab.fill(selector="input[name=code]", value=what)
    tab.click(selector="button.main")


@check("without JavaScript a code is checked, which opens the notice, and acknowledged by its button")
def _():
    with chromium.person(javaScriptEnabled=False) as person:
        tab = person.tab()
        ask(tab, "2222-2222-2222")
        tab.await_visible(selector="p.notice")
        expect("We know no notice" in tab.says(), tab.says())
        expect(not administrator()["opened"], administrator())
        ask(tab, code.lower().replace("-", " "))
        tab.await_visible(selector="ul.things")
        expect("Zucker & Söhne <GmbH>" in tab.says() and scope in tab.says(), tab.says())
        expect(administrator()["opened"] and not administrator()["acknowledged"], administrator())
        tab.button("I have read it")
        tab.await_visible(selector="p.notice.quiet")
        expect(administrator()["acknowledged"], administrator())
        expect_equal(tab.at(), chromium.origin + "/notice", "the address, which has no code in it")


def screen(name, shown, *steps):
    @check(f"{name}: in all languages, both themes, narrow")
    def _():
        server.stop()
        server.start()  # one address tries 20 codes a minute and no more; a new process counts anew
        with chromium.person(axe=True, colorScheme="light") as person:
            tab = person.tab()

            def into(language):
                tab.go(f"/notice?lang={language}")
                for step in steps:
                    step(tab)
                tab.await_visible(selector=shown)

            survey(tab, name.replace(" ", "-"), into=into)


def type_in(what):
    return lambda tab: (tab.fill(selector="input[name=code]", value=what), tab.click(selector="button.main"))


screen("notice form", "input[name=code]")
screen("notice unknown", "p.notice", type_in("2222-2222-2222"))
screen("notice real", "ul.things", type_in(code))
screen("notice read", "p.notice.quiet", type_in(code),
       lambda tab: (tab.await_visible(selector="ul.things"), tab.click(selector="form button.main")))

main()
