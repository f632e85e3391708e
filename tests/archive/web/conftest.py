"""The reading room over a small archive with everything that it displays."""

import pytest

from tests.support.shelf import Client


@pytest.fixture
def room(shelf):
    from archive.web import create_app

    return Client(create_app(shelf.collection.folder, hosts=("localhost",)))
