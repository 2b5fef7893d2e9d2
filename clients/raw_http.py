"""HTTP/1.1 over TLS byte by byte: what a test writes is what the server reads, and nothing is mended on the way."""
import json
import socket
import ssl
import time

REPLY_LIMIT_S = 20


class Closed(Exception):
    """The server closed the connection before a whole reply was there; `seen` is what came."""

    def __init__(self, seen=b""):
        super().__init__(f"closed after {seen[:200]!r}")
        self.seen = seen


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        """The value, or None; a header that stands twice is a fault of the server."""
        values = [value for known, value in self.headers if known == name.lower()]
        if len(values) > 1:
            raise AssertionError(f"{name} stands {len(values)} times")
        return values[0] if values else None

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """Duo's code, or None where the body is no such envelope."""
        try:
            return self.json.get("code")
        except (ValueError, AttributeError):
            return None

    @property
    def response(self):
        return self.json["response"]

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Request:
    """A request as its parts, so that a test can spoil any of them. str headers go out as Latin-1."""

    def __init__(self, method, target, headers, body=b"", version="HTTP/1.1"):
        self.method, self.target, self.version = method, target, version
        self.headers, self.body = list(headers), body

    def without(self, name):
        self.headers = [(known, value) for known, value in self.headers if known.lower() != name.lower()]
        return self

    def with_header(self, name, value):
        """Replaces the header."""
        self.without(name).headers.append((name, value))
        return self

    def also(self, name, value):
        """Adds one more."""
        self.headers.append((name, value))
        return self

    def bytes(self):
        raw = lambda text: text if isinstance(text, bytes) else text.encode("latin-1")
        head = b"%b %b %b\r\n" % (raw(self.method), raw(self.target), raw(self.version))
        head += b"".join(b"%b: %b\r\n" % (raw(name), raw(value)) for name, value in self.headers)
        return head + b"\r\n" + self.body


class Connection:
    def __init__(self, server, tls=True, limit_s=REPLY_LIMIT_S, source=None, port=None, versions=None):
        self.limit_s, self.read = limit_s, b""
        address = ("127.0.0.1", port or server.port)
        self.socket = socket.create_connection(address, timeout=limit_s, source_address=(source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl.create_default_context(cafile=server.ca)
            if versions:
                context.minimum_version, context.maximum_version = versions
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def send(self, data):
        """False: the server has closed already (it may answer before it has read all)."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def _more(self, end):
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no whole reply within {self.limit_s} s, only {self.read[:200]!r}")
        self.socket.settimeout(left)
        try:
            piece = self.socket.recv(65536)
        except (ssl.SSLEOFError, ConnectionResetError, BrokenPipeError):
            piece = b""
        if not piece:
            raise Closed(self.read)
        self.read += piece

    def reply(self, head_only=False):
        """The next reply; interim ones (100 Continue) are passed over."""
        end = time.monotonic() + self.limit_s
        while True:
            while b"\r\n\r\n" not in self.read:
                self._more(end)
            head, self.read = self.read.split(b"\r\n\r\n", 1)
            lines = head.decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            if not lines[0].startswith("HTTP/1.1 "):
                raise AssertionError(f"a status line {lines[0]!r}")
            if status != 100:
                break
        headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        reply = Reply(status, headers, b"")
        length = reply.header("content-length")
        if head_only or status == 204:
            return reply
        if length is None:
            raise AssertionError(f"a reply without Content-Length: {lines}")
        while len(self.read) < int(length):
            self._more(end)
        reply.body, self.read = self.read[:int(length)], self.read[int(length):]
        return reply

    def ask(self, request):
        self.send(request if isinstance(request, bytes) else request.bytes())
        return self.reply()

    def is_closed(self, limit_s=5):
        """Whether the server closes within that time, saying nothing more."""
        self.socket.settimeout(limit_s)
        try:
            return self.socket.recv(1) == b""
        except (ConnectionResetError, ssl.SSLEOFError, BrokenPipeError):
            return True
        except (TimeoutError, socket.timeout):
            return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def once(server, request, **options):
    """One request on a connection of its own."""
    with Connection(server, **options) as connection:
        return connection.ask(request)
