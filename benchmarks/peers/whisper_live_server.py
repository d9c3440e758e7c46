"""Starts whisper-live's server, as the run_server.py of its repository does; its wheel lacks that script.

Runs under the peer's own interpreter and imports nothing of callcue.
"""

import argparse

from whisper_live.server import TranscriptionServer  # type: ignore[import-not-found]

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", required=True, help="folder with CTranslate2 weights")
    parser.add_argument("--max-clients", type=int, required=True)
    parser.add_argument("--batch-inference", action="store_true")
    options = parser.parse_args()
    TranscriptionServer().run(
        "127.0.0.1",
        port=options.port,
        backend="faster_whisper",
        faster_whisper_custom_model_path=options.model,
        single_model=True,
        max_clients=options.max_clients,
        batch_enabled=options.batch_inference,
    )
