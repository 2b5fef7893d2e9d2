"""A screen in every language and both themes: that it is translated, that axe-core has nothing to say of it (WCAG 2.2 AA),
that it fits 320 px. Pictures go to build/screenshots. clients/node/browser/survey.mjs does the looking."""
import re

from browser import LANGUAGES, SCREENSHOTS, messages
from harness import expect

WORDS = {face: {language: messages(face, language) for language in LANGUAGES} for face in ("prompt", "authenticator")}
SHOWN_MAX = 12


def problems_of(got, face, language, name):
    """What is wrong with a surveyed screen, one line each."""
    english, own = WORDS[face]["en"], set(WORDS[face][language].values())
    out = []
    if (got["lang"], got["dir"]) != (language, LANGUAGES[language]):
        out.append(f"lang and dir are {got['lang']!r} and {got['dir']!r}")
    keys = [key for key in english if re.search(rf"(?<![\w.]){re.escape(key)}(?![\w.])", got["text"])
            and re.search("[._]", key)]
    out += [f"the key {key!r} stands in the text" for key in keys]
    out += [f"a place was not filled: {place!r}" for place in re.findall(r"\{\{?[^}\s]{1,30}\}", got["text"])]
    if face == "prompt" and got["focus"] not in ("h1", "input"):
        out.append(f"the focus is on {got['focus']}")
    if not got["heading"]:
        out.append("no heading")
    elif language != "en" and got["heading"] in english.values() and got["heading"] not in own:
        out.append(f"the heading is English: {got['heading']!r}")
    out += got["violations"]
    if got["too_wide"]:
        out.append(got["too_wide"])
    if len(set(got["grounds"])) != 2:
        out.append(f"both themes have the ground {got['grounds'][0]}")
    return [f"{name} {language}: {line}" for line in out]


def survey(tab, name, face="prompt", into=None):
    """Looks at what the tab shows, in every language; `into` brings the page into one, else its cookie does."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    found = []
    for language in LANGUAGES:
        if into:
            into(language)
        got = tab.survey(name=f"{face}-{name}", language=language, change="nothing" if into else "cookie",
                         folder=str(SCREENSHOTS))
        found += problems_of(got, face, language, name)
    found += [f"{name}: {line}" for line in tab.complaints() if "status of 40" not in line]
    expect(not found, f"{len(found)} problems:\n      " + "\n      ".join(found[:SHOWN_MAX]))
    if into:
        into("en")
