"""``docs/nginx.conf`` in the real nginx, before two instances that are restarted in turn."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.process import PATIENCE, ROOT
from tests.support.programs import required
from tests.support.sockets import free_port, wait_for_port

HOST = "videos.example.com"
SUBMIT = "/api/templates/video"
AROUND = """
{user}
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;  # as in Debian's nginx.conf
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/video.conf;
}}
"""
USER = "" if os.geteuid() else "user root;"
"""Its workers may then enter the folders of the test."""
SYSTEMCTL = """#!/bin/sh
# Restarts an instance as systemd does; its process writes its id to a file.
cd {folder}
start() {{
  {python} -m uvicorn --app-dir {root} --log-level warning --timeout-keep-alive 5 \\
    --port $1 tests.support.bare_instance:app >>instances.log 2>&1 9>&- &
  echo $! > instance-$1
}}
case "$1" in
  list-units) for port in {ports}; do echo "video-generation@$port.service loaded"; done ;;
  start) start $2 ;;
  stop) kill $(cat instance-$2) ;;
  restart)
    port=${{2#video-generation@}}
    kill $(cat instance-$port)
    while kill -0 $(cat instance-$port) 2>&-; do sleep 0.05; done
    sleep 1 # the import of the service takes longer than that of a bare instance
    start $port ;;
esac
"""


@dataclass
class Proxy:
    """nginx with the file of the guide, and the instances behind it."""

    folder: Path
    ports: tuple[int, int] = field(default_factory=lambda: (free_port(), free_port()))
    plain: int = field(default_factory=free_port)
    tls: int = field(default_factory=free_port)

    def write_files(self) -> None:
        (self.folder / "www/.well-known/acme-challenge").mkdir(parents=True)
        (self.folder / "www/.well-known/acme-challenge/token").write_text("certbot's")
        subprocess.run(
            [
                *(required("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes"),
                *("-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"),
                *("-keyout", self.folder / "key.pem", "-out", self.folder / "certificate.pem"),
            ],
            check=True,
            capture_output=True,
        )
        text = (ROOT / "docs/nginx.conf").read_text()
        for theirs, ours in {
            "127.0.0.1:8000": f"127.0.0.1:{self.ports[0]}",
            "127.0.0.1:8010": f"127.0.0.1:{self.ports[1]}",
            "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen 443 ": f"listen 127.0.0.1:{self.tls} ",
            f"/etc/letsencrypt/live/{HOST}/fullchain.pem": f"{self.folder}/certificate.pem",
            f"/etc/letsencrypt/live/{HOST}/privkey.pem": f"{self.folder}/key.pem",
            "/var/www/html": f"{self.folder}/www",
        }.items():
            assert theirs in text
            text = text.replace(theirs, ours)
        (self.folder / "video.conf").write_text(text)
        (self.folder / "nginx.conf").write_text(AROUND.format(user=USER, folder=self.folder))
        (self.folder / "bin").mkdir()
        (program := self.folder / "bin/systemctl").write_text(
            SYSTEMCTL.format(
                folder=self.folder,
                python=sys.executable,
                root=ROOT,
                ports=" ".join(map(str, self.ports)),
            )
        )
        program.chmod(0o755)

    def systemctl(self, *arguments: object) -> None:
        subprocess.run([self.folder / "bin/systemctl", *map(str, arguments)], check=True)

    def connect(self, context: ssl.SSLContext | None = None) -> http.client.HTTPSConnection:
        if context is None:
            context = ssl.create_default_context(cafile=self.folder / "certificate.pem")
            context.check_hostname = False
        return http.client.HTTPSConnection("127.0.0.1", self.tls, timeout=20, context=context)

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = self.connect()
        connection.request("POST" if body else "GET", path, body, {"Host": HOST})
        answer = connection.getresponse()
        content = answer.status, answer.read()
        connection.close()
        return content


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    nginx, *_ = map(required, ("nginx", "curl", "flock"))
    proxy = Proxy(tmp_path_factory.mktemp("nginx"))
    proxy.folder.chmod(0o755)
    proxy.write_files()
    command = [nginx, "-p", str(proxy.folder), "-e", "error.log", "-c", "nginx.conf"]
    log = (proxy.folder / "stderr").open("w")
    with log, subprocess.Popen(command, stderr=log) as running:
        for port in proxy.ports:
            proxy.systemctl("start", port)
            wait_for_port(port)
        wait_for_port(proxy.tls)
        yield proxy
        running.send_signal(signal.SIGTERM)
        for port in proxy.ports:
            proxy.systemctl("stop", port)


def test_nginx_of_debian_takes_the_file_without_a_complaint(proxy: Proxy) -> None:
    assert (proxy.folder / "stderr").read_text() == ""


def test_a_rolling_restart_under_load_loses_no_request(proxy: Proxy, tmp_path: Path) -> None:
    answers, over = Counter[int](), threading.Event()

    def load() -> None:
        while not over.is_set():
            answers[proxy.ask("/api/me")[0]] += 1
            # nginx may not repeat a POST that meets a connection while it is closed; callers may.
            tries = (proxy.ask("/api/templates/video/cancel", b"x")[0] for _ in range(2))
            answers[next((status for status in tries if status == 200), 502)] += 1

    loads = [threading.Thread(target=load) for _ in range(4)]
    for each in loads:
        each.start()
    environment = os.environ | {
        "PATH": f"{proxy.folder / 'bin'}:{os.environ['PATH']}",
        "RELEASE_HOME": str(tmp_path),
    }
    try:
        subprocess.run(
            [ROOT / "scripts/release.sh", "--restart"],
            env=environment,
            check=True,
            timeout=PATIENCE,
            capture_output=True,
        )
    finally:
        over.set()
        for each in loads:
            each.join()
    assert set(answers) == {200}
    assert answers[200] > 50


def test_what_is_for_operators_stays_inside(proxy: Proxy) -> None:
    assert [proxy.ask(path)[0] for path in ("/metrics", "/readyz", "/healthz")] == [404, 404, 200]


def test_plain_http_serves_certbot_and_sends_everything_else_to_https(proxy: Proxy) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=20)
    connection.request("GET", "/.well-known/acme-challenge/token", headers={"Host": HOST})
    assert connection.getresponse().read() == b"certbot's"
    connection.request("GET", "/library?q=x", headers={"Host": HOST})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/library?q=x")
    connection.close()


def test_old_versions_of_tls_are_refused(proxy: Proxy) -> None:
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = ssl._create_unverified_context()  # noqa: S323 a refusal needs no trust
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1"):
            context.minimum_version = context.maximum_version = version
        with (
            socket.create_connection(("127.0.0.1", proxy.tls)) as line,
            pytest.raises(ssl.SSLError, match=r"(?i)protocol version"),
        ):
            context.wrap_socket(line, server_hostname=HOST)


def test_an_event_arrives_while_its_stream_is_open(proxy: Proxy) -> None:
    connection = proxy.connect()
    connection.request("GET", f"{SUBMIT}/events", headers={"Host": HOST})
    assert connection.getresponse().readline() == b": first\n"
    connection.close()


def test_an_address_that_submits_too_often_is_refused_before_its_bodies_are_stored(
    proxy: Proxy,
) -> None:
    answers = [proxy.ask(SUBMIT, b"x" * 100_000) for _ in range(70)]
    refused = [json.loads(body) for status, body in answers if status == 429]
    assert {status for status, _ in answers} == {200, 429}
    assert {(each["status"], each["code"]) for each in refused} == {(429, "rate_limited")}
    assert proxy.ask("/api/me")[0] == 200
