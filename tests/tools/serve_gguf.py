"""Serves a GGUF file with llama.cpp on a free port of this machine until input ends; prints the address."""

import sys

from xllamacpp import CommonParams, Server

params = CommonParams()
params.model.path = sys.argv[1]
params.n_ctx = 4096
params.n_parallel = 1
params.cpuparams.n_threads = 2
server = Server(params)
print(f"{server.listening_address}/v1", flush=True)
sys.stdin.read()
