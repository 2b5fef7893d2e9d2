"""A browser without script: follows redirects, keeps cookies, reads a page's forms and links, and submits them.

It stops where it is sent to an origin it does not know: an application's redirect_uri is looked at, not fetched, unless
the application is there and named in `also`.

    visitor = Visitor(server)
    page = visitor.open(url)                       # a Page, or a Landing when the prompt is through at once
    page = page.submit("passcode", passcode=code)  # the form whose action ends so
    page.query["duo_code"]                         # of a Landing
"""
import html.parser
import http.client
import json
import ssl
import urllib.parse

from harness import Failed, expect

HOPS_MAX = 10
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
REPLY_LIMIT_S = 40  # longer than the server holds a wait


class Landing:
    """Where the browser was sent in the end: the application's address, with what it was told."""

    def __init__(self, url):
        self.url = url
        self.address, _, query = url.partition("?")
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
        self.query = dict(pairs)
        expect(len(self.query) == len(pairs), f"each parameter once in {url}")

    def __repr__(self):
        return f"<sent to {self.address} with {sorted(self.query)}>"


class _Reader(html.parser.HTMLParser):
    """Forms with their fields, links, data- attributes, and the text a person reads."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.links, self.data, self.words, self.inside = [], [], {}, [], []
        self.heading, self.notice, self.number = "", "", ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.data.update({name: value for name, value in attributes.items() if name.startswith("data-")})
        if tag == "form":
            self.forms.append({"action": attributes["action"], "method": attributes.get("method", "get"), "fields": {}})
        elif tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        elif tag in ("input", "button") and attributes.get("name") and self.forms:
            given = {"checkbox": None}.get(attributes.get("type"), attributes.get("value", ""))
            if given is not None:
                self.forms[-1]["fields"][attributes["name"]] = given
        if tag not in ("input", "meta", "link", "path", "br"):
            self.inside.append((tag, attributes.get("class", "")))

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop()[0] != tag:
            pass

    def handle_data(self, text):
        tags = [tag for tag, _ in self.inside]
        classes = {word for _, words in self.inside for word in words.split()}
        if {"style", "script", "title"} & set(tags):
            return
        self.words.append(text)
        if "h1" in tags:
            self.heading += text
        if {"notice", "error"} & classes:
            self.notice += text
        if "number" in classes:
            self.number += text


class Page:
    def __init__(self, visitor, url, status, text):
        self.visitor, self.url, self.status, self.text = visitor, url, status, text
        read = _Reader(text)
        self.forms, self.links, self.data = read.forms, read.links, read.data
        self.words = " ".join(" ".join(read.words).split())
        self.heading, self.notice = " ".join(read.heading.split()), " ".join(read.notice.split())
        self.number = read.number.strip()  # to be typed on the phone

    def has_form(self, action):
        return any(form["action"].endswith("/" + action) for form in self.forms)

    def submit(self, action, **fields):
        """Presses the first form's button whose action ends so; `fields` are what a person fills in."""
        for form in self.forms:
            if form["action"].endswith("/" + action):
                values = dict(form["fields"], **fields)
                return self.visitor.send("POST", urllib.parse.urljoin(self.url, form["action"]), values)
        raise Failed(f"no form {action!r} on {self!r}; there are {[form['action'] for form in self.forms]}")

    def link(self, ending):
        """The address of the first link that ends so, or holds it."""
        for href in self.links:
            if href.endswith(ending) or ending in href:
                return urllib.parse.urljoin(self.url, href)
        raise Failed(f"no link {ending!r} on {self!r}; there are {self.links}")

    def follow(self, ending):
        return self.visitor.open(self.link(ending))

    def wait(self):
        """Waits as the page's script does, until something has changed, and looks again."""
        for _ in range(3):
            reply = self.visitor.fetch("GET", urllib.parse.urljoin(self.url, self.data["data-wait"]))
            if json.loads(reply.body)["changed"]:
                return self.reload()
        raise Failed(f"nothing changed on {self!r}")

    def reload(self):
        return self.visitor.open(self.url)

    def __repr__(self):
        return f"<page {self.status} {self.heading!r}>"


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        return next((value for known, value in self.headers if known.lower() == name), None)


class Visitor:
    """One browser, with cookies of its own."""

    def __init__(self, server, also=()):
        self.server, self.cookies = server, {}
        self.origins = {f"https://{server.host}", *also}

    def open(self, url):
        return self.send("GET", url)

    def send(self, method, url, fields=None):
        """A request and the redirects after it; a Page, or a Landing at another origin."""
        for _ in range(HOPS_MAX):
            if _origin(url) not in self.origins:
                return Landing(url)
            reply = self.fetch(method, url, fields)
            if reply.status not in (302, 303):
                return Page(self, url, reply.status, reply.body.decode())
            method, fields, url = "GET", None, urllib.parse.urljoin(url, reply.header("location"))
        raise Failed(f"more than {HOPS_MAX} redirects, the last to {url}")

    def fetch(self, method, url, fields=None):
        """One request, nothing followed."""
        parts = urllib.parse.urlsplit(url)
        headers = {"User-Agent": AGENT, "Accept": "text/html", "Accept-Language": "en"}
        cookies = self.cookies.setdefault(_origin(url), {})
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        body = None
        if method == "POST":
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": _origin(url),
                        "Sec-Fetch-Site": "same-origin"}
            body = urllib.parse.urlencode(fields or {})
        connection = self._connection(parts)
        try:
            connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), body, headers)
            got = connection.getresponse()
            reply = Reply(got.status, got.getheaders(), got.read())
        finally:
            connection.close()
        for name, value in reply.headers:
            if name.lower() == "set-cookie":
                _keep(cookies, value)
        return reply

    def _connection(self, parts):
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.netloc, timeout=REPLY_LIMIT_S)
        return http.client.HTTPSConnection(parts.netloc, timeout=REPLY_LIMIT_S,
                                           context=ssl.create_default_context(cafile=self.server.ca))


def _origin(url):
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _keep(cookies, text):
    first, *attributes = [part.strip() for part in text.split(";")]
    name, _, value = first.partition("=")
    if name.startswith("__Host-"):
        expect({"secure", "path=/"} <= {word.lower() for word in attributes}, f"{name} is for this host alone: {text}")
    if value and "max-age=0" not in (word.lower() for word in attributes):
        cookies[name] = value
    else:
        cookies.pop(name, None)
