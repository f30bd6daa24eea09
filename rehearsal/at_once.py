"""Time that waits for nobody: a served stack whose runs are over at once, and whose clock stands.

For people there is ``serve``, where a run takes its time. What types commands for a page or a test
is not to wait for it, and is to see the same whenever it does so.
"""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from rehearsal.cloud import EmbeddedAws
from rehearsal.cloud.stepfunctions.interpreter import stepfunctions_parser_backends


@contextmanager
def runs_end_at_once(aws: EmbeddedAws, lives: threading.Lock) -> Generator[None]:
    """Move time while some execution goes on, and hold it still otherwise.

    ``lives`` is held while it moves: whoever else moves it takes it first.
    """
    ends = threading.Event()

    def running() -> bool:
        machines: Any = stepfunctions_parser_backends[aws.account][aws.region].state_machines
        # The status of one that is just being made is not there yet.
        runs = (run for one in machines for run in one.executions if run.exec_status)
        return any(run.status == "RUNNING" for run in runs)

    def drive() -> None:
        while not ends.is_set():
            with lives:
                aws.clock.settle()
                if running():
                    until = aws.clock.now() + timedelta(days=30)
                    aws.clock.run_until(until, lambda: ends.is_set() or not running())
            time.sleep(0.005)  # of a thread that is asked for nothing meanwhile

    driver = threading.Thread(target=drive, name="driver")
    driver.start()
    try:
        yield
    finally:
        ends.set()
        driver.join()
