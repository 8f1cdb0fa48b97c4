# One image for both parts: `runweb` (the default) and `runworker`; `prepare` before the first start of a new version.
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /app
COPY requirements.txt .
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin thumbsite \
 && install -d -o thumbsite -g thumbsite /data
WORKDIR /app
COPY --from=build /venv /venv
COPY manage.py ./
COPY thumbsite ./thumbsite
COPY photos ./photos
COPY templates ./templates
COPY static ./static
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    DATA_DIR=/data \
    STATIC_ROOT=/app/collected
# The key is of this one command; the running containers bring their own.
RUN SECRET_KEY=only-to-collect-static-files python manage.py collectstatic --noinput --verbosity 0
USER thumbsite
VOLUME /data
EXPOSE 8000
# Both parts drain on SIGTERM, within 30 seconds: give them that time (--stop-timeout 35).
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "manage.py"]
CMD ["runweb"]
