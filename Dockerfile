# syntax=docker/dockerfile:1

# Everything that compiles, downloads or builds happens here and is left behind.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# The locked packages first: this layer changes only when the lock does.
COPY requirements/ requirements/
RUN python -m venv /opt/doorward \
    && python -m venv /opt/builder \
    && /opt/doorward/bin/pip install --require-hashes --no-deps -r requirements/run.txt \
    && /opt/builder/bin/pip install --require-hashes --no-deps -r requirements/build.txt

# Then Doorward, built with the locked backend and installed without asking a registry.
COPY . .
RUN /opt/builder/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir dist . \
    && /opt/doorward/bin/pip install --no-deps --no-index dist/*.whl \
    && /opt/doorward/bin/pip uninstall --yes pip


FROM python:3.13-slim
LABEL org.opencontainers.image.title="Doorward" \
      org.opencontainers.image.description="A hexagonal identity service" \
      org.opencontainers.image.licenses="Apache-2.0"

RUN groupadd --system --gid 10001 doorward \
    && useradd --system --uid 10001 --gid doorward --home-dir /app --no-create-home doorward \
    && install --directory --owner=doorward --group=doorward --mode=0700 /app /app/var
COPY --from=build /opt/doorward /opt/doorward

ENV PATH=/opt/doorward/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ENVIRONMENT=production \
    HOST=0.0.0.0 \
    PORT=8000
USER 10001:10001
WORKDIR /app
EXPOSE 8000
STOPSIGNAL SIGTERM

# Live, not ready: a database that is away is no reason to restart the service.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + os.environ.get('PORT', '8000') + '/health/live', timeout=2)"]

# SECRET_KEY, DATABASE_URL and PUBLIC_URL come from outside; the image holds no secret.
CMD ["doorward", "serve"]
