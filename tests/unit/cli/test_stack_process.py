import json
import os
import signal
import subprocess
import sys
import textwrap
import threading

import psutil
import pytest

from cli.stack.ports import free_ports, listens
from cli.stack.process import ServerProcess, recorded, stop_recorded
from imagesearch.errors import ConfigError, StoreUnavailable

# Listens on its port, starts a child in a session of the child's own, and says so in its log.
PARENT = textwrap.dedent("""
    import socket, subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    print("child", child.pid, flush=True)
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
        time.sleep(600)
""")
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)" + PARENT


@pytest.fixture
def start(tmp_path):
    begun = []

    def begin(source=PARENT, ready=None, **options):
        (port,) = free_ports(1)
        command = [sys.executable, "-c", source, str(port)]
        server = ServerProcess("sample", tmp_path, command, ready or (lambda: listens(port)), stop_timeout_s=2, **options)
        begun.append(server)
        server.start()
        return server

    yield begin
    for server in begun:
        server.stop()


def lives(process):
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def child_of(server):
    return psutil.Process(int(server.log.read_text().split()[1]))


def test_a_started_server_is_ready_recorded_and_in_a_session_of_its_own(start):
    server = start()
    process = server.running()
    assert process is not None
    assert os.getsid(process.pid) == process.pid
    assert json.loads(server.record.read_text())[0] == {
        "pid": process.pid,
        "start_s": pytest.approx(process.create_time() - psutil.boot_time(), abs=0.5),
    }


def test_starting_twice_is_starting_once(start):
    server = start()
    first = server.running()
    server.start()
    assert server.running() == first


def test_a_stopped_server_leaves_neither_children_nor_a_record(start):
    server = start()
    process, child = server.running(), child_of(server)
    server.stop()
    assert not lives(process)
    assert not lives(child)
    assert not server.record.exists()


def test_a_server_that_ignores_the_polite_signal_is_stopped_all_the_same(start):
    server = start(STUBBORN)
    process = server.running()
    server.stop()
    assert not lives(process)


def test_children_that_outlive_their_server_are_stopped_by_the_record(start):
    server = start()
    process, child = server.running(), child_of(server)
    process.kill()
    process.wait()
    assert server.running() is None
    assert lives(child)
    stop_recorded(server.record)
    assert not lives(child)


def test_stopping_a_server_twice_is_stopping_it_once(start):
    server = start()
    server.stop()
    server.stop()


def test_a_stopped_server_starts_again_on_its_port(start):
    server = start()
    first = server.running()
    server.stop()
    server.start()
    assert server.running() not in (None, first)


def test_a_server_that_is_about_to_end_is_started_anew(tmp_path):
    (port,) = free_ports(1)
    # It still runs when it is asked to start, and answers no more.
    server = ServerProcess("sample", tmp_path, [sys.executable, "-c", PARENT, str(port)], lambda: listens(port), stop_timeout_s=2)
    server.start()
    dying = server.running()
    ended = threading.Timer(0.3, dying.kill)
    server.ready = lambda: server.running() != dying and listens(port)
    ended.start()
    try:
        server.start()
        assert server.running() not in (None, dying)
    finally:
        ended.join()
        server.stop()


def test_a_pid_that_now_belongs_to_another_program_is_never_stopped(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
        record = tmp_path / "sample.json"
        record.write_text(
            json.dumps([{"pid": stranger.pid, "start_s": psutil.Process(stranger.pid).create_time() - psutil.boot_time() - 5}])
        )
        assert recorded(record) is None
        stop_recorded(record)
        assert stranger.poll() is None
        assert not record.exists()
        stranger.send_signal(signal.SIGKILL)


def test_a_server_that_ends_as_it_starts_is_an_error_with_the_end_of_its_log(start, tmp_path):
    with pytest.raises(StoreUnavailable, match="no room left") as raised:
        start("raise SystemExit('no room left')")
    assert raised.value.data["store"] == "sample"
    assert str(tmp_path / "logs" / "sample.log") in raised.value.detail
    assert not (tmp_path / "run" / "sample.json").exists()


def test_a_server_that_does_not_get_ready_is_stopped(start, tmp_path):
    with pytest.raises(StoreUnavailable, match="was not ready"):
        start(ready=lambda: False, start_timeout_s=0.5)
    assert recorded(tmp_path / "run" / "sample.json") is None


def test_an_interrupted_start_leaves_nothing_behind(start, tmp_path):
    seen = []

    def interrupted():
        seen.append(recorded(tmp_path / "run" / "sample.json"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(ready=interrupted)
    assert not lives(seen[0])


def test_a_program_that_is_not_there_is_named(tmp_path):
    server = ServerProcess("sample", tmp_path, ["/nonexistent/program"], lambda: True)
    with pytest.raises(ConfigError, match="/nonexistent/program"):
        server.start()


def test_the_log_of_the_run_before_is_kept(start):
    server = start()
    before = server.log.read_text()
    server.stop()
    server.start()
    assert server.log.with_suffix(".log.1").read_text() == before
