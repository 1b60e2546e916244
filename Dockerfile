# The product as an image: built in one stage, run in another that has no compiler, no package tool of its own and no root.
#
#     docker build -t spiderduck .
#     docker run --rm --read-only -v spiderduck:/data spiderduck keys create me --scopes read,write      # prints a key
#     docker run --rm --read-only --tmpfs /tmp -v spiderduck:/data -p 127.0.0.1:8080:8080 spiderduck
#
# An image that others can reach needs a key: the product refuses to listen beyond loopback without one.

# The release names the base by its digest: --build-arg BASE=python:3.11-slim@sha256:…
ARG BASE=python:3.11-slim
FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/spiderduck
WORKDIR /source
# What was tested, by hash, before the sources: a change of code alone fetches nothing again. `runtime` is what one
# process needs; the name of another file in requirements/ brings more.
ARG REQUIREMENTS=runtime
COPY requirements requirements
RUN /opt/spiderduck/bin/pip install --require-hashes --requirement requirements/$REQUIREMENTS.txt
COPY pyproject.toml README.md LICENSE ./
COPY schedulers schedulers
COPY fetchers fetchers
COPY snowflake snowflake
COPY imagepipe imagepipe
COPY groundwork groundwork
COPY spiderduck spiderduck
RUN /opt/spiderduck/bin/pip install --no-deps --no-build-isolation . \
    && /opt/spiderduck/bin/pip uninstall --yes --quiet hatchling editables setuptools pip \
    && apt-get update -qq && apt-get install -y -qq --no-install-recommends binutils
# What runs nowhere: symbols for debuggers, sources of extensions, tests of packages. 178 MB become 107 (runtime, measured).
RUN find /opt/spiderduck/lib -name '*.so*' -exec strip --strip-unneeded {} + \
    && find /opt/spiderduck/lib -depth -type d \( -name tests -o -name test \) -exec rm -rf {} + \
    && find /opt/spiderduck/lib -type f \( -name '*.pyi' -o -name '*.py[xc]' -o -name '*.pxd' -o -name '*.[cha]' \) -delete \
    && /opt/spiderduck/bin/python -m compileall -q /opt/spiderduck/lib \
    && /opt/spiderduck/bin/spiderduck --version

FROM ${BASE}
COPY --from=build /opt/spiderduck /opt/spiderduck
# Readable by everybody. Some folders belong to the number that the Helm chart runs as, and to nobody else: /data, /archive for
# the pages where several containers share them on one machine, and /secrets, where compose.yaml mounts its volumes.
RUN install --directory --mode=0700 --owner=10001 --group=10001 /data /archive \
    /secrets /secrets/admin /secrets/api /secrets/images /secrets/fetchers /secrets/broker
ENV PATH=/opt/spiderduck/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    SPIDERDUCK_DATA=/data SPIDERDUCK_HOST=0.0.0.0 SPIDERDUCK_PORT=8080
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-m", "groundwork.front.probe", "127.0.0.1:8080/healthz"]
ENTRYPOINT ["spiderduck"]
CMD ["up"]
