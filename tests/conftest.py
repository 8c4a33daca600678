"""The servers that tests run on: real ones, in temporary folders, on free ports of 127.0.0.1."""

pytest_plugins = [
    "tests.fixtures.clip",
    "tests.fixtures.ending",
    "tests.fixtures.kafka",
    "tests.fixtures.logged",
    "tests.fixtures.mariadb",
    "tests.fixtures.milvus",
    "tests.fixtures.model_cache",
    "tests.fixtures.nobody",
    "tests.fixtures.otlp",
    "tests.fixtures.redis",
    "tests.fixtures.s3",
    "tests.fixtures.spread",
]
