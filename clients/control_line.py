"""A connection to DIR/control.sock (docs/protocols/control.md): what the command line does, without starting a program each time."""
import json
import socket

LIMIT_S = 30


class Answered(Exception):
    """The server answered with an error."""

    def __init__(self, command, error):
        super().__init__(f"{command}: {error}")
        self.code, self.what = error["code"], error["what"]


class Control:
    """For one thread."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT_S)
        try:
            self.socket.connect(str(server.data / "control.sock"))
        except OSError as error:
            raise ConnectionError(str(error)) from None
        self.lines = self.socket.makefile("r")

    def stream(self, command, **args):
        """The rows, one at a time. ConnectionError: the server went away before the answer's end."""
        try:
            self.socket.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
            while True:
                line = self.lines.readline()
                if not line.endswith("\n"):
                    raise ConnectionError("the answer was cut off")
                answer = json.loads(line)
                if "row" not in answer:
                    break
                yield answer["row"]
        except OSError as error:
            raise ConnectionError(str(error)) from None
        if "error" in answer:
            raise Answered(command, answer["error"])

    def ask(self, command, **args):
        return list(self.stream(command, **args))

    def close(self):
        self.lines.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
