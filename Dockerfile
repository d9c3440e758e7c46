# The service with its console and its weights. Build: docker build -t callcue .
# Listens on 0.0.0.0, so it refuses to start without tokens: see docs/deployment.md.

ARG PYTHON_IMAGE=python:3.11-slim-bookworm
ARG NODE_IMAGE=node:22-bookworm-slim

# The supervisors' page: static files.
FROM ${NODE_IMAGE} AS web
WORKDIR /src/console
COPY console/package.json console/package-lock.json console/.npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY console/ ./
RUN npm run --silent build

# A virtual environment with the dependencies, then the wheel.
FROM ${PYTHON_IMAGE} AS build
ARG UV_VERSION=0.13.9
ENV UV_LINK_MODE=copy \
    VIRTUAL_ENV=/opt/callcue/venv \
    PATH=/opt/callcue/venv/bin:$PATH
RUN python -m pip install --no-cache-dir --root-user-action=ignore "uv==${UV_VERSION}" \
    && uv venv --quiet --python /usr/local/bin/python "$VIRTUAL_ENV"
WORKDIR /src
COPY pyproject.toml ./
# EXTRA=gpu adds cuBLAS for NVIDIA GPUs (compose.gpu.yaml).
ARG EXTRA=
RUN --mount=type=cache,target=/root/.cache \
    uv pip install --compile-bytecode --requirements pyproject.toml ${EXTRA:+--extra "$EXTRA"}
# faster-whisper imports PyAV to decode files, which callcue leaves to libsndfile. PyAV's wheels bundle x264 and
# x265 (GPL), so an empty module of that name stands in (docs/decisions/0004-libraries.md).
RUN uv pip uninstall av \
    && echo '"""Stands in for PyAV, which this image leaves out: callcue decodes with libsndfile."""' \
       > "$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/av.py"
COPY LICENSE README.md ./
COPY streaming/ streaming/
COPY models/ models/
COPY detectors/ detectors/
COPY service/ service/
COPY --from=web /src/service/web/ service/web/
RUN --mount=type=cache,target=/root/.cache uv build --quiet --wheel --out-dir /dist \
    && uv pip install --no-deps --compile-bytecode /dist/*.whl

# Weights, every file checked against its SHA-256. MODEL is a name of `callcue models list`.
FROM build AS weights
ARG MODEL=tiny.en
ENV CALLCUE_MODELS_DIR=/opt/callcue/models
RUN --mount=type=cache,target=/root/.cache uv pip install pip \
    && callcue models fetch "$MODEL" \
    && callcue models verify "$MODEL" \
    && chmod -R a+rX "$CALLCUE_MODELS_DIR"

FROM ${PYTHON_IMAGE}
ARG MODEL=tiny.en
LABEL org.opencontainers.image.title="callcue" \
      org.opencontainers.image.description="Real-time speech analytics for live calls" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin callcue \
    && install --directory --owner=callcue --group=callcue --mode=0750 /data
COPY --from=weights /opt/callcue/models/ /opt/callcue/models/
COPY --from=build /opt/callcue/venv/ /opt/callcue/venv/
# Caches go to /tmp: the root file system may be read-only, and /data is for calls.
ENV PATH=/opt/callcue/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/tmp/cache \
    NUMBA_CACHE_DIR=/tmp/cache/numba \
    CALLCUE_MODELS_DIR=/opt/callcue/models \
    CALLCUE_MODEL__NAME=$MODEL \
    CALLCUE_DATABASE_URL=sqlite:////data/callcue.db \
    CALLCUE_HOST=0.0.0.0 \
    CALLCUE_PORT=8765 \
    CALLCUE_LOG_JSON=true
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8765
STOPSIGNAL SIGTERM
# Alive, not ready: a node that is full or draining must not be restarted. http.client heeds no proxy variables.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['CALLCUE_PORT']), timeout=4); c.request('GET', '/health/live'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["callcue"]
CMD ["serve"]
