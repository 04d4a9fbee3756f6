# nstyle on the CPU, with the network that needs no download inside. Nothing is asked of the network when it paints.
#
#     docker build -t nstyle .                           with MXNet
#     docker build -t nstyle --build-arg ENGINE=torch .  with PyTorch
#     docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" nstyle photo.jpg painting.jpg

ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS wheel
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir build && python -m build --wheel --outdir /wheel

FROM python:${PYTHON}-slim
ARG ENGINE=mxnet
# where pip looks besides its usual index: there PyTorch has a build without CUDA
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
# what MXNet's wheel asks of the system; the second is of x86 alone
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && if [ "$(dpkg --print-architecture)" = amd64 ]; then apt-get install -y --no-install-recommends libquadmath0; fi \
    && rm -rf /var/lib/apt/lists/*
COPY --from=wheel /wheel /wheel
RUN if [ "$ENGINE" = torch ]; then export PIP_EXTRA_INDEX_URL="$TORCH_INDEX"; fi \
    && pip install --no-cache-dir "$(echo /wheel/*.whl)[$ENGINE,cluster,film]"
# weights and pictures for everybody; a network of the user's own in /work/model comes first
RUN NSTYLE_HOME=/usr/local/share/nstyle nstyle-download --offline
RUN useradd --create-home nstyle && mkdir /work && chown nstyle /work
USER nstyle
WORKDIR /work
ENTRYPOINT ["nstyle"]
