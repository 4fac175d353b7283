# Temper on CPUs, as the Debian package that its own build makes:
#   docker build -t temper .
#   docker run --rm --shm-size=1g -v "$PWD/runs:/work/runs" temper launch configs/quickstart.yaml
# Published weights lie in /dev/shm: --shm-size gives the container room for them.
FROM debian:12 AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git dpkg-dev && rm -rf /var/lib/apt/lists/*
COPY . /src
WORKDIR /src
RUN scripts/setup.sh
RUN cmake --preset release -DTEMPER_TESTS=OFF -DTEMPER_BENCH=OFF && cmake --build --preset release && cd build/release && cpack

FROM debian:12-slim
COPY --from=build /src/build/release/temper_*.deb /tmp/
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates /tmp/temper_*.deb && rm -rf /tmp/temper_*.deb /var/lib/apt/lists/*
# mpirun refuses to run as root without being told; a container's root is its user.
ENV OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
WORKDIR /work
ENTRYPOINT ["temper"]
CMD ["--help"]
