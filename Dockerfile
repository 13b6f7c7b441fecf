# The programs on Debian 12, by the same make targets as outside a container:
#   docker build -t posteriori .
#   docker run --rm --network none -v "$PWD/store:/store" -v "$PWD/seized:/seized:ro" posteriori doctor
FROM debian:bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends make ca-certificates git \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# What the set-up needs comes first, so that its layer outlives edits of the code.
COPY Makefile go.mod go.sum ./
COPY .ci .ci
RUN make setup
COPY . .
RUN make build

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
        ffmpeg libopencv-core406 libopencv-imgproc406 libopencv-imgcodecs406 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 analyst && mkdir /store && chown analyst /store
COPY --from=build /src/bin /opt/posteriori/bin
COPY --from=build /src/LICENSE /opt/posteriori/LICENSE
# The project's own: posteriori models install --from /opt/posteriori/models
COPY --from=build /src/models/*.onnx /opt/posteriori/models/
ENV PATH=/opt/posteriori/bin:$PATH POSTERIORI_STORE=/store
USER analyst
VOLUME /store
ENTRYPOINT ["posteriori"]
