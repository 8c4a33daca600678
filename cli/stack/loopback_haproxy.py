"""What Ray starts as HAProxy on a laptop, `loopback_haproxy.py HAPROXY ARGUMENTS`: it mends the configuration, and becomes HAProxy.

Ray writes the file that `-f` names, anew for each start, and has no setting for what is changed here:

- statistics and metrics listen on every address of the machine;
- HAProxy's own 502, 503 and 504 are made 500, which tells nobody to come again, and are no problem of ours;
- who sends half a header keeps a connection for ever;
- HAProxy outlives the actor that minds it where that is killed, and answers beside its successor by an old list of replicas.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import sys
from pathlib import Path

# Run by its path, apart from all packages: it cannot take it from cli.stack.ports.
LOOPBACK = "127.0.0.1"
HEADER_TIMEOUT_S = 30
EVERYWHERE = re.compile(r"^(\s*bind )\*?:(?=\d)", re.MULTILINE)
ERROR_FILE = re.compile(r"^(\s*errorfile (502|503|504) ).*$", re.MULTILINE)
# After <linux/prctl.h>.
PR_SET_PDEATHSIG = 1
ANSWERS = {
    502: ("Bad Gateway", "the replica of the service that had this request broke off"),
    503: ("Service Unavailable", "no replica of the service answers; try again in a moment"),
    504: ("Gateway Timeout", "the replica of the service that had this request did not answer in time"),
}


def main() -> None:
    """Mend the configuration that the arguments name, and go on as HAProxy."""
    binary, arguments = sys.argv[1], sys.argv[2:]
    mend(Path(arguments[arguments.index("-f") + 1]))
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)
    # Ray's own HAProxy, with Ray's own arguments.
    os.execv(binary, [binary, *arguments])  # noqa: S606


def mend(config: Path) -> None:
    """Rewrite the configuration, beside which its answers are put; one that was mended stays as it is."""
    text = EVERYWHERE.sub(rf"\g<1>{LOOPBACK}:", config.read_text())
    for status in ANSWERS:
        _answer_file(config, status).write_bytes(answer(status))
    text = ERROR_FILE.sub(lambda line: line[1] + str(_answer_file(config, int(line[2]))), text)
    if "timeout http-request" not in text:
        text = text.replace("\ndefaults\n", f"\ndefaults\n    timeout http-request {HEADER_TIMEOUT_S}s\n", 1)
    config.write_text(text)


def answer(status: int) -> bytes:
    """Return the whole HTTP answer, a problem as docs/errors.md has them."""
    title, detail = ANSWERS[status]
    code = "deadline_exceeded" if status == 504 else "store_unavailable"
    problem = {"type": f"urn:imagesearch:problem:{code}", "title": title, "status": status, "detail": detail, "code": code}
    body = json.dumps(problem)
    lines = [
        f"HTTP/1.1 {status} {title}",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "X-Content-Type-Options: nosniff",
        "Retry-After: 1",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("ascii")


def _answer_file(config: Path, status: int) -> Path:
    return config.with_name(f"{status}.http")


if __name__ == "__main__":
    main()
