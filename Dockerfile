# The service, its schema and the operators' scripts. docs/deploy.md explains how to run it.
# --build-arg PYTHON=python:3.11-slim-bookworm@sha256:… pins the base by its digest.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS packages
WORKDIR /service
# uv reads hashes from a constraints file, which pip does not. It installs the service's packages and
# none that only development needs. The hashes below are those of uv's x86_64 and aarch64 wheels.
RUN echo "uv==0.13.9 \
      --hash=sha256:d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19 \
      --hash=sha256:ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375" > uv.txt \
  && pip install --no-cache-dir --require-hashes --requirement uv.txt \
  && python -m venv --without-pip .venv
COPY constraints.txt pyproject.toml ./
RUN uv pip install --python .venv --no-cache --no-build --compile-bytecode \
      --require-hashes --constraint constraints.txt --extra otel --requirement pyproject.toml

FROM ${PYTHON}
WORKDIR /service
# For the embedded engine and local files. It stays empty with a database server and R2.
RUN install --directory --owner=10001 --group=10001 data
COPY --from=packages /service/.venv .venv
COPY schema schema
COPY app app
COPY scripts/__init__.py scripts/migrate.py scripts/backfill.py scripts/grant.py scripts/audit.py \
     scripts/job.py scripts/retention.py scripts/
COPY scripts/support/__init__.py scripts/support/command.py scripts/support/opening.py \
     scripts/support/
RUN .venv/bin/python -m compileall -q app scripts
ENV PATH=/service/.venv/bin:$PATH HOME=/tmp HOST=0.0.0.0 PORT=8000 LOG_FORMAT=json
USER 10001:10001
VOLUME /service/data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-c", "import http.client, os, sys; line = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=2); line.request('GET', '/healthz'); sys.exit(line.getresponse().status != 200)"]
CMD ["python", "-m", "app"]
