"""What works on the tables, each over the database at hand."""

import pytest

from imagesearch.stores.sql.add_log import AddLog
from imagesearch.stores.sql.catalog import Catalog
from imagesearch.stores.sql.import_work import ImportWork
from imagesearch.stores.sql.imports import Imports
from imagesearch.stores.sql.ledger import Ledger
from imagesearch.stores.sql.waiting import Waiting


@pytest.fixture
def imports(database):
    return Imports(database)


@pytest.fixture
def work(database):
    return ImportWork(database)


@pytest.fixture
def add_log(database):
    return AddLog(database)


@pytest.fixture
def ledger(database):
    return Ledger(database)


@pytest.fixture
def waiting(database):
    return Waiting(database)


@pytest.fixture
def catalog(database):
    return Catalog(database)
