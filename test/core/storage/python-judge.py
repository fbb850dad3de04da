"""Answers questions in Python: imports its packages once, then runs every question in a process of its own that has them.

Argument 1 is what each question begins with. A line of stdin is a question, {"source", "args", "said", "told"}: code, its
sys.argv[1:], and the files for stdout and stderr; a line of stdout is the answer, the status that Python would have ended with.
"""
import json
import os
import sys
import traceback
import warnings

begun = {"__name__": "__main__"}
exec(compile(sys.argv[1], "imports", "exec"), begun)

for line in sys.stdin:
    question = json.loads(line)
    with warnings.catch_warnings():
        # The packages have threads of their own, which wait, and which the child does without.
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        for descriptor, name in ((1, "said"), (2, "told")):
            os.dup2(os.open(question[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
        sys.argv = ["-c", *question["args"]]
        status = 1
        try:
            exec(compile(question["source"], "question", "exec"), dict(begun))
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    _, ended = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(ended), flush=True)
