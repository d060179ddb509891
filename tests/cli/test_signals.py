"""SIGTERM ends a command in order."""

import signal
import subprocess
import sys

CODE = """
import sys, time, click
from mlake.cli import main
from mlake.cli.lazy import LazyGroup

@click.command()
def command():
    try:
        print("at work", flush=True)
        time.sleep(60)
    finally:
        print("cleaned up", flush=True)

LazyGroup.get_command = lambda *_: command
main(["list"])
"""


def test_sigterm_ends_a_command_in_order() -> None:
    with subprocess.Popen([sys.executable, "-c", CODE], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "at work\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "cleaned up\n"
    assert process.returncode == 128 + signal.SIGTERM
