"""Speaks to a run of Mote (docs/control.md) with nothing but the standard library.

    python3 mote_control.py exp status                 prints the answer as JSON
    from mote_control import Run                       with Run("exp") as run: run.ask("mark", text="laser on")
"""
import json, os, socket, sys, tempfile


class Refused(Exception):
    """The run says no; each of `errors` has code, where, what and perhaps hint."""

    def __init__(self, errors):
        self.errors = errors
        super().__init__("; ".join(f"{e['where']}: {e['what']}" for e in errors))


class Run:
    def __init__(self, name):
        """`name`: of the run, or the path of its socket."""
        session, own = os.environ.get("XDG_RUNTIME_DIR"), f"mote-{os.getuid()}"
        folders = ([os.path.join(session, "mote")] if session else []) + [os.path.join(tempfile.gettempdir(), own)]
        paths = [name] if "/" in name else [os.path.join(folder, f"{name}.sock") for folder in folders]
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(next((path for path in paths if os.path.exists(path)), paths[0]))
        self.lines = self.socket.makefile("r", encoding="utf-8", newline="\n")

    def ask(self, request, **fields):
        """The result of a request; raises Refused."""
        return next(self.follow(request, **fields))

    def follow(self, request, **fields):
        """The result of a request, then what is told again and again until the run ends: follow("status", every=500)."""
        self.socket.sendall((json.dumps({"request": request, **fields}) + "\n").encode())
        for answer in map(json.loads, self.lines):
            if answer.get("end"):
                return
            if answer.get("ok") is False:
                raise Refused(answer["errors"])
            yield answer["update"] if "update" in answer else answer["result"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


if __name__ == "__main__":
    with Run(sys.argv[1]) as run:
        for result in run.follow(sys.argv[2], **dict(word.split("=", 1) for word in sys.argv[3:])):
            print(json.dumps(result), flush=True)
            if not any(word.startswith("every=") for word in sys.argv[3:]):
                break
