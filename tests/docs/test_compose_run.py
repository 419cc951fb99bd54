"""The commands of ``docs/compose.yml``, run in its order, with paths and addresses of the test.

The proxy runs too: the service reaches the store through it, by TLS, as browsers do.
"""

import os
import shlex
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.storage.r2 import R2Storage
from tests.support.container import Image
from tests.support.leaks import record_output
from tests.support.process import PATIENCE
from tests.support.programs import required, surreal_with_rocksdb
from tests.support.s3 import put_video, write_file
from tests.support.sockets import free_port
from tests.support.stack import example, file_of, stack

PUBLIC_HOST, STORAGE_HOST = "127.0.0.1", "localhost"
PORTS = ("database", "storage", "service-1", "service-2", "plain", "tls")
WITHOUT_INTERNET = {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.1,localhost"}
NGINX = """
{user}
pid {folder}/pid;
events {{ worker_connections  1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/conf.d/*.conf;
}}
"""
"""What matters here of the file in nginx's image."""


class Stack:
    """The containers as processes, with their files below one folder."""

    def __init__(self, folder: Path, image: Image) -> None:
        self.image = image
        self.folder = folder
        self.port = {name: free_port() for name in PORTS}
        hosts = {"PUBLIC_HOST": PUBLIC_HOST, "STORAGE_HOST": STORAGE_HOST}
        self.document = stack(example() | hosts)
        self.surreal, self.nginx = surreal_with_rocksdb(), required("nginx")
        self.versitygw = os.environ.get("VERSITYGW_BIN") or required("versitygw")
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.certificate = folder / f"letsencrypt/live/{PUBLIC_HOST}/fullchain.pem"
        self._lay_out()

    def here(self, text: str) -> str:
        """Replace the places of the containers."""
        port, folder = self.port, self.folder
        for theirs, ours in {
            "0.0.0.0:8000": f"127.0.0.1:{port['database']}",
            "database:8000": f"127.0.0.1:{port['database']}",
            "172.30.0.11:8000": f"127.0.0.1:{port['service-1']}",
            "172.30.0.12:8000": f"127.0.0.1:{port['service-2']}",
            "172.30.0.20:7070": f"127.0.0.1:{port['storage']}",
            "127.0.0.1:7070": f"127.0.0.1:{port['storage']}",
            "listen 80;": f"listen 127.0.0.1:{port['plain']};",
            "listen 443 ": f"listen 127.0.0.1:{port['tls']} ",
            f"https://{PUBLIC_HOST}": f"https://{PUBLIC_HOST}:{port['tls']}",
            f"https://{STORAGE_HOST}": f"https://{STORAGE_HOST}:{port['tls']}",
            "exec nginx": f"exec {self.nginx} -e error.log -p {folder} -c etc/nginx/nginx.conf",
            "/service/data": f"{self.image.folder}/data",
            "/service/roots.pem": str(self.certificate),
            "/etc/letsencrypt": f"{folder}/letsencrypt",
            "rocksdb:/data": f"rocksdb:{folder}/data",
        }.items():
            text = text.replace(theirs, ours)
        if text == ":7070":
            return f"127.0.0.1:{port['storage']}"
        if text.startswith(("/buckets", "/sidecar", "/user.surql", "/database.surql")):
            return f"{folder}{text}"
        return text

    def run(self, name: str) -> subprocess.Popen[bytes]:
        """Start the command of a container with its configs and its environment."""
        service = self.document["services"][name]
        for config in service.get("configs", []):
            content = self.document["configs"][config["source"]].get("content")
            content = content or file_of(self.document, config["source"]).read_text()
            (target := self.folder / config["target"][1:]).parent.mkdir(exist_ok=True)
            target.write_text(self.here(content))
        environment = {key: self.here(value) for key, value in service["environment"].items()}
        command = [self.here(part) for part in service.get("command", self.image.command)]
        if service["image"].startswith("video-generation:"):
            if name in self.port:  # it serves
                environment |= {"HOST": "127.0.0.1", "PORT": str(self.port[name])}
            started = self.image.start(command, **environment, **WITHOUT_INTERNET)
        else:
            started = self._start(service["image"], command, environment)
        self.running[name] = started
        return started

    def finish(self, name: str) -> None:
        """Run a job to its end."""
        assert self.run(name).wait(PATIENCE) == 0, f"{name}: {self.output}"

    def is_healthy(self, name: str) -> bool:
        """Run the health check of a container."""
        _, program, *arguments = self.document["services"][name]["healthcheck"]["test"]
        port = self.port[name]
        arguments = [
            self.here(part).replace("127.0.0.1:8000", f"127.0.0.1:{port}") for part in arguments
        ]
        program = self.surreal if program == "/surreal" else required(program)
        return (
            subprocess.run([program, *arguments], capture_output=True, check=False).returncode == 0
        )

    def until_healthy(self, name: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.is_healthy(name):
            assert self.running[name].poll() is None, f"{name} ended: {self.output}"
            assert time.monotonic() < deadline, f"{name} does not get healthy: {self.output}"
            time.sleep(0.1)

    def get(self, url: str, status: int = 200) -> httpx.Response:
        """Return the first answer with the status."""
        trust = ssl.create_default_context(cafile=self.certificate)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = httpx.get(url, verify=trust, timeout=PATIENCE)
                if answer.status_code == status:
                    return answer
                said = f"{answer.status_code} {answer.text}"
            except httpx.TransportError as error:
                said = str(error)
            assert time.monotonic() < deadline, f"{url}: {said}: {self.output}"
            time.sleep(0.1)

    @property
    def output(self) -> str:
        """What all processes wrote."""
        files = [self.image.stderr, self.folder / "log"]
        return "".join(file.read_text() for file in files if file.exists())

    def stop(self) -> None:
        for process in reversed(self.running.values()):
            process.terminate()
            process.wait()

    def _start(
        self, image: str, command: list[str], environment: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        entrypoint = {"surrealdb": [self.surreal], "versity": [self.versitygw], "nginx:1.30": []}
        if not (programs := entrypoint[image.partition("/")[0]]):  # the script has its paths inside
            script = command[-1].replace("/rules/", f"{self.folder}/rules/")
            command = [*command[:-1], script.replace(" /etc/nginx/", f" {self.folder}/etc/nginx/")]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*programs, *command],
                env={"PATH": os.environ["PATH"], **environment},
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )

    def _lay_out(self) -> None:
        """Make the volumes, the certificate, and what the image of nginx has."""
        for volume in ("buckets/videos", "sidecar", "etc/nginx/conf.d"):
            (self.folder / volume).mkdir(parents=True)
        self.certificate.parent.mkdir(parents=True)
        nginx = self.folder / "etc/nginx"
        user = "" if os.geteuid() else "user root;"
        (nginx / "nginx.conf").write_text(NGINX.format(folder=nginx, user=user))
        names = f"subjectAltName=IP:{PUBLIC_HOST},DNS:{STORAGE_HOST}"
        files = "-keyout privkey.pem -out fullchain.pem -subj /CN=videos.example.com"
        subprocess.run(
            [
                *(required("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes"),
                *("-addext", names, *shlex.split(files)),
            ],
            check=True,
            capture_output=True,
            cwd=self.certificate.parent,
        )


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    image = Image(tmp_path_factory.mktemp("image"))
    image.build()
    running = Stack(tmp_path_factory.mktemp("stack"), image)
    running.folder.chmod(0o755)
    try:
        running.run("database")
        running.until_healthy("database")
        for job in ("migrator-user", "migrate", "service-user"):
            running.finish(job)
        running.run("storage")
        running.until_healthy("storage")
        for name in ("service-1", "service-2", "proxy"):
            running.run(name)
        yield running
    finally:
        running.stop()
        record_output(running.output)


def test_both_services_reach_the_database_and_the_store(started: Stack) -> None:
    for name in ("service-1", "service-2"):
        ready: dict[str, Any] = started.get(f"http://127.0.0.1:{started.port[name]}/readyz").json()
        assert ready["status"] == "ready"
        assert ready["dependencies"]["storage"], ready


def test_the_proxy_serves_what_callers_need_only(started: Stack) -> None:
    public = f"https://{PUBLIC_HOST}:{started.port['tls']}"
    assert "templates" in started.get(f"{public}/openapi.json").text
    assert started.get(f"{public}/api/me", 401).json()["code"]
    started.get(f"{public}/readyz", 404)
    store = f"https://{STORAGE_HOST}:{started.port['tls']}"
    started.get(f"{store}/health", 404)
    assert "AccessDenied" in started.get(f"{store}/videos", 403).text


async def test_an_object_is_stored_and_its_link_opened_through_the_proxy(
    started: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(started.certificate))
    source = write_file(tmp_path, content := b"12345678" * 2**20)
    async with R2Storage.open(
        endpoint_url=f"https://{STORAGE_HOST}:{started.port['tls']}",
        bucket="videos",
        access_key_id=example()["STORAGE_ACCESS_KEY"],
        secret_access_key=example()["STORAGE_SECRET_KEY"],
        single_put_bytes=6 * 2**20,
    ) as storage:
        await put_video(storage, "users/u/library/x.mp4", source)
        link = await storage.url("users/u/library/x.mp4")
        answer = started.get(link)
        assert answer.content == content
        page = started.here(f"https://{PUBLIC_HOST}")  # its scripts read start images
        assert answer.headers["Access-Control-Allow-Origin"] == page
        await storage.delete("users/u/library/x.mp4")


def test_the_proxy_takes_as_many_connections_as_the_guide_says(started: Stack) -> None:
    started.get(f"https://{PUBLIC_HOST}:{started.port['tls']}/healthz")
    text = (started.folder / "etc/nginx/nginx.conf").read_text()
    assert "worker_connections 16384;" in text


def test_the_jobs_can_be_run_again(started: Stack) -> None:
    """``docker compose up`` runs them each time."""
    for job in ("migrator-user", "migrate", "service-user"):
        started.finish(job)


def test_every_invariant_holds(started: Stack) -> None:
    service = started.document["services"]["service-1"]
    environment = {key: started.here(value) for key, value in service["environment"].items()}
    command = ["python", "-m", "scripts.audit"]
    assert started.image.start(command, **environment).wait(PATIENCE) == 0, started.output


def test_prometheus_takes_its_configuration(started: Stack, tmp_path: Path) -> None:
    promtool = required("promtool")
    for config in started.document["services"]["prometheus"]["configs"]:
        source = file_of(started.document, config["source"])
        (tmp_path / Path(config["target"]).name).write_text(source.read_text())
    checked = subprocess.run(
        [promtool, "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "1 rule files found" in checked.stdout
