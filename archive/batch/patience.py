"""A pool of workers in which a page whose worker died is read once more: a page that kills its worker will do it again."""

from __future__ import annotations

from concurrent.futures import Future

from archive.parse.result import Parsed, ParseTask
from archive.parse.workers import WorkerKilledError, WorkerPool


class PatientPool(WorkerPool[ParseTask, Parsed]):
    """As `WorkerPool`, for a worker may be killed by what has nothing to do with its page: an operator, the kernel short of memory."""

    def submit(self, task: ParseTask) -> Future[Parsed]:
        """Queues the task, and once more when it ends by `error`; limits of time and memory are final."""
        answer: Future[Parsed] = Future()

        def settle(done: Future[Parsed]) -> None:
            error = done.exception()
            if error is None:
                answer.set_result(done.result())
            else:
                answer.set_exception(error)

        def first(done: Future[Parsed]) -> None:
            if done.cancelled():
                answer.cancel()
                return
            error = done.exception()
            if isinstance(error, WorkerKilledError) and error.reason == "error":
                super(PatientPool, self).submit(task).add_done_callback(settle)
            else:
                settle(done)

        super().submit(task).add_done_callback(first)
        return answer
