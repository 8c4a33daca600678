"""How a line of the log looks: a JSON object for programs, or words for people."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from imagesearch.errors import ImageSearchError
from telemetry.fields import REQUEST_ID, fields

# The attributes that any record has, and those that handlers add; Serve's request_id is what the caller's header says, unchecked.
OF_ANY = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "context", "request_id"}
# What Serve adds and its deployment and replica tell already, in half of each line.
OF_SERVE = {"task_name", "task_func_name", "actor_name", "component_name", "log_to_stderr", "skip_context_filter"}
NOT_TOLD = OF_ANY | OF_SERVE


class WithContext(logging.Filter):
    """Notes on a record what is worked on: a handler may write it later, elsewhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Note the fields; every record passes."""
        record.context = fields()
        return True


def worked_on(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields that were noted; a line of Serve's own has the id that Serve knows, if it is one that we would take."""
    noted = dict(getattr(record, "context", {}))
    given = str(getattr(record, "request_id", ""))
    return {"request_id": given} | noted if "request_ids" not in noted and REQUEST_ID.fullmatch(given) else noted


class JsonLines(logging.Formatter):
    """One object a line: `time` (ISO 8601 in UTC), `level`, `logger`, `message`, then what else is known.

    `code` is that of the error of our own tree that the record carries; `exception` its traceback.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write the line, in ASCII: whatever a stranger gave, it ends no line and moves no cursor."""
        words = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        more: dict[str, Any] = worked_on(record)
        more |= {name: value for name, value in vars(record).items() if name not in NOT_TOLD and not name.startswith("_")}
        if record.exc_info:
            if isinstance(record.exc_info[1], ImageSearchError):
                more["code"] = record.exc_info[1].code
            more["exception"] = self.formatException(record.exc_info)
        # No field takes the place of the time or the message.
        return json.dumps(words | {name: value for name, value in more.items() if name not in words}, default=str)


class TextLines(logging.Formatter):
    """A line for people; the request's id, or those of a forward pass, stands in brackets."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(request)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Write the line; a traceback makes it several."""
        context = worked_on(record)
        ids = [context["request_id"]] if "request_id" in context else context.get("request_ids", [])
        record.request = f" [{' '.join(ids)}]" if ids else ""
        return super().format(record)


def formatter(kind: str) -> logging.Formatter:
    """Return the formatter of the setting logs.format."""
    return JsonLines() if kind == "json" else TextLines()
