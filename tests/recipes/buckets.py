"""A server that speaks S3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import boto3  # type: ignore[import-untyped]  # it has no types
from moto.server import ThreadedMotoServer

from tests.e2e.support import PDF


@contextmanager
def serving_s3(objects: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Serve a PDF under each key of each bucket; gives the server's URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = client_of(url)
    for bucket, keys in objects.items():
        client.create_bucket(Bucket=bucket)
        for key in keys:
            client.put_object(Bucket=bucket, Key=key, Body=PDF)
    client.close()
    try:
        yield url
    finally:
        server.stop()


def client_of(url: str) -> Any:
    """A client that may do everything on that server."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id="YOUR-ACCESS-KEY",
        aws_secret_access_key="YOUR-SECRET-KEY",
        region_name="us-east-1",
    )
